"""The settings file: read, checked, brought up to date, and written so that a power cut leaves the old or the new one.

The file is ``settings.toml`` in the data folder. What it says wrong is told with file, key and what is allowed; it is never
overwritten with defaults because of a mistake in it.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.settings.schema import VERSION, Settings

FILE_NAME = "settings.toml"

Migration = Callable[[dict[str, Any]], dict[str, Any]]


def _docks_of_pages(tables: dict[str, Any]) -> dict[str, Any]:
    """Version 2: docks belong to pages, and are kept for each person and hub; the old places mean nothing there."""
    window = {name: value for name, value in tables.get("window", {}).items() if name != "layout"}
    return {**tables, "window": window}


MIGRATIONS: Mapping[int, Migration] = {1: _docks_of_pages}
"""Version -> the step that turns a file of that version into one of the next. Steps get a copy and return the new tables."""


def settings_path(data_dir: Path) -> Path:
    """Return where the settings of a data folder are kept."""
    return data_dir / FILE_NAME


def load_settings(path: Path, migrations: Mapping[int, Migration] = MIGRATIONS, version: int = VERSION) -> Settings:
    """Read the settings; defaults where there is no file.

    An older file is brought up to date in memory, step by step; the next ``save_settings`` writes the new shape and keeps
    the old file beside it. A step that fails leaves the file as it was.

    Raises:
        UserError: ``settings_invalid`` (file, key, problem), ``settings_newer`` (file, version, supported).
        KnownError: ``settings_unreadable`` (file, reason).
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except OSError as error:
        raise KnownError("settings_unreadable", file=str(path), reason=str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError("settings_invalid", file=str(path), key="", problem=f"not valid TOML: {error}") from error
    tables = _migrate(path, tables, migrations, version)
    try:
        return msgspec.convert(tables, Settings)
    except msgspec.ValidationError as error:
        key, problem = _explain(tables, str(error))
        raise UserError("settings_invalid", file=str(path), key=key, problem=problem) from error


def save_settings(path: Path, settings: Settings) -> None:
    """Write the settings in one step: a temporary file, flushed to disk, takes the old one's place.

    Raises:
        KnownError: ``settings_unwritable`` (file, reason); the old file is untouched.
    """
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _keep_older(path, settings.version)
        with temporary.open("wb") as stream:
            tomli_w.dump(msgspec.to_builtins(settings), stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise KnownError("settings_unwritable", file=str(path), reason=str(error)) from error


def _migrate(path: Path, tables: dict[str, Any], migrations: Mapping[int, Migration], version: int) -> dict[str, Any]:
    found = tables.get("version", 1)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise UserError("settings_invalid", file=str(path), key="version", problem="a whole number from 1 is expected")
    if found > version:
        raise UserError("settings_newer", file=str(path), version=found, supported=version)
    for step in range(found, version):
        tables = migrations[step]({**tables})
        tables["version"] = step + 1
    return tables


def _keep_older(path: Path, version: int) -> None:
    """Before a file of an older version is replaced, put it aside as ``settings.v<N>.toml``."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("version", 1)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return
    if isinstance(found, int) and found < version:
        path.replace(path.with_name(f"{path.stem}.v{found}{path.suffix}"))


_AT = re.compile(r"^(?P<problem>.*) - at `\$\.?(?P<where>.*)`$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.*)`$")


def _explain(tables: dict[str, Any], message: str) -> tuple[str, str]:
    """Turn a msgspec message into the key as written in the file and a sentence with what is allowed."""
    match = _AT.match(message)
    problem, where = (match["problem"], match["where"]) if match else (message, "")
    unknown = _UNKNOWN.match(problem)
    if unknown:
        allowed = ", ".join(_allowed_names(where))
        return ".".join(filter(None, (where, unknown["name"]))), f"unknown setting; allowed here: {allowed}"
    value: Any = tables
    for part in where.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return where, f"{problem[:1].lower()}{problem[1:]}, found {value!r}"


def _allowed_names(where: str) -> list[str]:
    owner: Any = Settings
    for part in filter(None, where.split(".")):
        owner = next((entry.type for entry in msgspec.structs.fields(owner) if entry.name == part), owner)
    return [entry.name for entry in msgspec.structs.fields(owner)]
