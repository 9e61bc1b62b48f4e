"""The hub's certificate: the site's own, or one made on first use and kept in the data folder."""

import hashlib
import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from spc_desktop.app.private_file import write_private
from spc_desktop.domain.errors import KnownError, UserError

FOLDER = "tls"
YEARS = 10
"""A certificate that is trusted by its fingerprint is changed when somebody wants it, not when it expires."""


def server_context(data_dir: Path, host: str, cert: str = "", key: str = "") -> tuple[ssl.SSLContext, str]:
    """Return the settings of an encrypted listener and the SHA-256 fingerprint of its certificate.

    Args:
        data_dir: where a certificate of our own is kept (``tls/hub.crt``, ``tls/hub.key``).
        host: address that is listened on; it stands in a new certificate.
        cert: file of the site's certificate (PEM, with its chain); empty: one of our own.
        key: file of its key (PEM, without a password); empty: it is in ``cert``.

    Raises:
        UserError: ``certificate_unusable`` (file, reason).
        KnownError: ``data_dir_unwritable``.
    """
    cert_file, key_file = (Path(cert), Path(key or cert)) if cert else _own(data_dir / FOLDER, host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # An empty password: a key that has one is refused instead of asked for on a terminal nobody looks at.
        context.load_cert_chain(cert_file, key_file, password=b"")
        text = cert_file.read_text(encoding="ascii")
        first = text[text.index(ssl.PEM_HEADER) : text.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)]
    except (OSError, ValueError) as error:
        raise UserError("certificate_unusable", file=str(cert_file), reason=str(error)) from error
    return context, fingerprint(ssl.PEM_cert_to_DER_cert(first))


def fingerprint(der: bytes) -> str:
    """Return the SHA-256 of a certificate the way tools print it."""
    return hashlib.sha256(der).digest().hex(":").upper()


def _own(folder: Path, host: str) -> tuple[Path, Path]:
    cert_file, key_file = folder / "hub.crt", folder / "hub.key"
    if not (cert_file.exists() and key_file.exists()):
        cert, key = make_certificate(host, datetime.now(UTC))
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(key_file, key)
            write_private(cert_file, cert)
        except OSError as error:
            raise KnownError("data_dir_unwritable", path=str(folder), reason=error.strerror or str(error)) from error
    return cert_file, key_file


def make_certificate(host: str, now: datetime) -> tuple[bytes, bytes]:
    """Return certificate and key (PEM): ECDSA P-256, signed by itself, for this computer's name and addresses."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    names: list[x509.GeneralName] = []
    for text in dict.fromkeys(("localhost", "127.0.0.1", "::1", socket.gethostname(), host)):
        try:
            address = ip_address(text)
        except ValueError:
            if text.isascii():
                names.append(x509.DNSName(text))
        else:
            if not address.is_unspecified:
                names.append(x509.IPAddress(address))
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SPC Desktop hub")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks of a plant differ
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(pem), secret
