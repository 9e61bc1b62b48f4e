"""Signs Windows programs where a certificate is configured; without one it says so and leaves them as they are.

WINDOWS_CERTIFICATE is a .pfx in base64, WINDOWS_CERTIFICATE_PASSWORD its password, WINDOWS_TIMESTAMP the address of a time
stamp authority (empty: none). On Windows signtool of the newest kit does it, on Linux osslsigncode.
"""

import base64
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import bootstrap

STAMP = "http://timestamp.digicert.com"
KITS = Path(r"C:\Program Files (x86)\Windows Kits\10\bin")


def sign(files: Sequence[Path]) -> bool:
    """Sign the files in their place; say whether a certificate was there.

    Raises:
        subprocess.CalledProcessError: the certificate or its password is not right; nothing unsigned may be released then.
    """
    certificate = os.environ.get("WINDOWS_CERTIFICATE", "")
    if not certificate:
        bootstrap.say("no certificate is configured (WINDOWS_CERTIFICATE): the Windows programs stay unsigned")
        return False
    with tempfile.TemporaryDirectory() as place:
        key = Path(place) / "sign.pfx"
        key.write_bytes(base64.b64decode(certificate))
        for file in files:
            _sign(
                file,
                key,
                os.environ.get("WINDOWS_CERTIFICATE_PASSWORD", ""),
                os.environ.get("WINDOWS_TIMESTAMP", STAMP),
            )
    return True


def _sign(file: Path, key: Path, password: str, stamp: str) -> None:
    if os.name == "nt":
        tool = sorted(KITS.glob(r"*\x64\signtool.exe"))[-1]
        time = ["/tr", stamp, "/td", "sha256"] if stamp else []
        subprocess.run([tool, "sign", "/f", key, "/p", password, "/fd", "sha256", *time, file], check=True)
        return
    if shutil.which("osslsigncode") is None and not bootstrap.install(["osslsigncode"], "signing"):
        sys.exit("sign: see the line above")
    secret = key.with_name("password")
    secret.write_text(password, encoding="utf-8")
    signed = key.with_name("signed.exe")
    time = ["-ts", stamp] if stamp else []
    command = ["osslsigncode", "sign", "-pkcs12", key, "-readpass", secret, "-h", "sha256", "-n", "SPC Desktop", *time]
    subprocess.run([*command, "-in", file, "-out", signed], check=True, stdout=subprocess.DEVNULL)
    shutil.copyfile(signed, file)
    signed.unlink()
