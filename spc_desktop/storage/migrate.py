"""From an empty or older database to this release's schema: by Alembic, after a backup; a newer schema is refused.

Alembic itself is imported only when there is something to do: it would cost every start.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, inspect, text

from spc_desktop.domain.errors import KnownError
from spc_desktop.storage import schema
from spc_desktop.storage.engine import database_url, sqlite_file
from spc_desktop.storage.log import forget_epoch

SCRIPTS = Path(__file__).parent / "migrations"
"""A folder on disk also in the built program: its files are collected as data."""


def migrate(engine: Engine, now: datetime | None = None) -> Path | None:
    """Bring the database to ``SCHEMA_VERSION`` in one transaction; return the backup that was taken, if any.

    Raises:
        KnownError: ``database_newer`` (written by a later release), ``database_foreign`` (tables that are not ours);
            and what ``surroundings`` maps. The database is then as it was.
    """
    path = str(sqlite_file(engine.url) or engine.url.render_as_string())
    with engine.connect() as connection:
        found = version_of(connection)
        if found == schema.SCHEMA_VERSION:
            return None
        if found is None and inspect(connection).get_table_names():
            raise KnownError("database_foreign", path=path)
    if found is not None and found > schema.SCHEMA_VERSION:
        raise KnownError("database_newer", path=path, found=found, supported=schema.SCHEMA_VERSION)
    backup = None if found is None else back_up(engine, found, now or datetime.now(UTC))
    with engine.begin() as connection:
        _upgrade(connection)
    return backup


def version_of(connection: Connection) -> str | None:
    """Return the revision that a database has; None: Alembic never ran here."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if version is None else str(version)


def back_up(engine: Engine, version: str, now: datetime) -> Path | None:
    """Copy a SQLite database, whole and consistent, to ``backups/<name>-<version>-<time>.sqlite3`` beside it.

    The copy forgets its epoch: if it is put back one day, clients must not take the new log for the one they know.
    Returns None for a database server, which has backups of its own.
    """
    source = sqlite_file(engine.url)
    if source is None:
        return None
    folder = source.parent / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{source.stem}-{version}-{now:%Y%m%dT%H%M%S%f}.sqlite3"
    unfinished = target.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    free, needed = shutil.disk_usage(folder).free, source.stat().st_size
    if free < needed:
        raise KnownError("disk_full", path=str(folder), detail=f"a backup needs {needed} bytes, {free} are free")
    try:
        raw = engine.raw_connection()  # outside any transaction, where VACUUM has to be
        try:
            raw.cursor().execute("VACUUM INTO ?", (str(unfinished),))
        finally:
            raw.close()
        _forget_epoch(unfinished)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def _forget_epoch(file: Path) -> None:
    engine = create_engine(database_url(file), poolclass=NullPool)
    with engine.begin() as connection:
        forget_epoch(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
