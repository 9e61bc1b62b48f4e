"""A PostgreSQL server of the tests' own: a new cluster in a temporary folder, on loopback, ended with the session."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text

from spc_desktop.storage import migrate
from tests.redis import free_port

NOBODY = "nobody"


def binaries() -> Path | None:
    """Return the folder of ``initdb`` and ``pg_ctl``; Debian keeps them off the path."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if all((folder / name).exists() for name in ("initdb", "pg_ctl"))), None)


class PostgresServer:
    """A server that can be stopped and started again on the same port; calling it makes a database and returns its URL."""

    def __init__(self, folder: Path, root: str, *, durable: bool) -> None:
        self._folder = folder
        self._root = root
        self._as_user = {"user": NOBODY, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        if self._as_user:
            shutil.chown(root, NOBODY)
        self._port = free_port()
        self._durable = durable
        self._numbers = count(1)
        self._url = f"postgresql+psycopg://spc@127.0.0.1:{self._port}"
        self._run("initdb", "-A", "trust", "-U", "spc", "--no-sync", "-E", "UTF8", "--locale=C")
        self.start()
        self._admin("CREATE DATABASE empty_hub")
        template = create_engine(f"{self._url}/empty_hub")
        migrate.migrate(template)
        template.dispose()

    def __call__(self) -> str:
        """Make a database with this release's schema and return its URL."""
        name = f"hub_{next(self._numbers)}"
        self._admin(f"CREATE DATABASE {name} TEMPLATE empty_hub")
        return f"{self._url}/{name}"

    def start(self) -> None:
        """Return when it takes connections."""
        where = f"-c listen_addresses=127.0.0.1 -p {self._port} -k {self._root}"
        options = where if self._durable else f"{where} -c fsync=off"
        self._run("pg_ctl", "-o", options, "-l", f"{self._root}/log", "-w", "start")

    def stop(self) -> None:
        """End it at once, in the middle of whatever it does."""
        self._run("pg_ctl", "-m", "immediate", "-w", "stop")

    def _admin(self, statement: str) -> None:
        engine = create_engine(f"{self._url}/postgres", isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def _run(self, program: str, *options: str) -> None:
        done = subprocess.run(
            [self._folder / program, "-D", f"{self._root}/data", *options],
            cwd=self._root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            **self._as_user,
        )
        if done.returncode != 0:
            raise RuntimeError(f"PostgreSQL: {program} does not succeed: {done.stderr.strip()}")


@contextmanager
def server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """Run a server; ``durable``: it writes to the disk as a real one does.

    Raises:
        RuntimeError: the server cannot be had here; the text says why.
    """
    folder = binaries()
    if sys.platform == "win32" or folder is None:
        raise RuntimeError("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with tempfile.TemporaryDirectory(prefix="pg") as root:
        running = PostgresServer(folder, root, durable=durable)
        try:
            yield running
        finally:
            running.stop()
