"""What a program is started with: the settings file, overruled by the command line, and the folders that follow from them."""

from argparse import Namespace
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from msgspec import ValidationError, convert, to_builtins

from spc_desktop import paths
from spc_desktop.domain.errors import UserError
from spc_desktop.i18n import system_language
from spc_desktop.settings.schema import Settings
from spc_desktop.settings.store import load_settings, settings_path

SECTIONS = {
    "host": "hub",
    "port": "hub",
    "insecure": "hub",
    "allow_anonymous": "hub",
    "database": "hub",
    "relay": "hub",
    "tls_cert": "hub",
    "tls_key": "hub",
    "seed": "sample_plant",
    "language": "window",
    "theme": "window",
}
"""Option of the command line -> section of the settings it overrules."""


@dataclass(frozen=True, slots=True)
class Start:
    """Everything a program needs to know before it opens anything."""

    settings: Settings
    data_dir: Path
    saved: Settings
    """The settings as the file has them: what the window changes and saves, free of this start's options."""
    json_log: bool = False
    hidden: bool = False
    """Start in the tray (``--background``)."""

    @property
    def language(self) -> str:
        """Return the language of alerts and messages: ``"ko"`` or ``"en"``."""
        wanted = self.settings.window.language
        return system_language() if wanted == "system" else wanted

    @property
    def settings_file(self) -> Path:
        """Return the file that ``settings.store.save_settings`` writes."""
        return settings_path(self.data_dir)

    @property
    def log_dir(self) -> Path:
        """Return the folder of log files and crash reports."""
        return self.data_dir / "logs"


def read_start(options: Namespace) -> Start:
    """Combine the settings file with the options given.

    Raises:
        UserError: a mistake in the file or in an option.
        KnownError: ``settings_unreadable``.
    """
    given = vars(options)
    data_dir = Path(given.get("data_dir") or paths.data_dir()).expanduser().absolute()
    saved = load_settings(settings_path(data_dir))
    if saved.hub.data_dir and not given.get("data_dir"):
        data_dir = Path(saved.hub.data_dir).expanduser().absolute()
    settings = _overrule(saved, given)
    return Start(
        settings=settings,
        data_dir=data_dir,
        saved=saved,
        json_log=bool(given.get("json_log")),
        hidden=bool(given.get("background")),
    )


def _overrule(saved: Settings, given: dict[str, Any]) -> Settings:
    tables = to_builtins(saved)
    for name, section in SECTIONS.items():
        if given.get(name) is not None:
            tables[section][name] = given[name]
    if given.get("sample_plant") is not None:
        tables["sample_plant"] |= {"enabled": True, "speed": given["sample_plant"]}
    try:
        return convert(tables, Settings)
    except ValidationError as error:
        raise UserError("option_invalid", problem=str(error)) from error


def is_encrypted(settings: Settings) -> bool:
    """Return whether the hub speaks TLS: with a certificate of the site always, else where other computers can connect.

    Only ``--insecure`` leaves such an address open.
    """
    host = settings.hub.host
    try:
        local = ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    return bool(settings.hub.tls_cert) or not (local or settings.hub.insecure)


def known_hubs(data_dir: Path) -> Path:
    """Return the file with the certificates of the far hubs that were met from this folder."""
    return data_dir / "known-hubs.json"
