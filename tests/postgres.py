"""A PostgreSQL server of the tests' own: a new cluster in a temporary folder, on loopback, ended with the session."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine, text

from spc_desktop.storage import migrate

NOBODY = "nobody"


def binaries() -> Path | None:
    """Return the folder of ``initdb`` and ``pg_ctl``; Debian keeps them off the path."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if all((folder / name).exists() for name in ("initdb", "pg_ctl"))), None)


@contextmanager
def server() -> Iterator[Callable[[], str]]:
    """Run a server; yields a function that makes a database with this release's schema and returns its URL.

    Raises:
        RuntimeError: the server cannot be had here; the text says why.
    """
    folder = binaries()
    if sys.platform == "win32" or folder is None:
        raise RuntimeError("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with tempfile.TemporaryDirectory(prefix="pg") as root:
        as_user = {"user": NOBODY, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        if as_user:
            shutil.chown(root, NOBODY)
        port = _free_port()
        data = f"{root}/data"
        initdb = [folder / "initdb", "-D", data, "-A", "trust", "-U", "spc", "--no-sync", "-E", "UTF8", "--locale=C"]
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {root} -c fsync=off"
        start = [folder / "pg_ctl", "-D", data, "-o", options, "-l", f"{root}/log", "-w", "start"]
        for command in (initdb, start):
            done = subprocess.run(
                command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, **as_user
            )
            if done.returncode != 0:
                raise RuntimeError(f"PostgreSQL does not start: {done.stderr.strip()}")
        try:
            yield _maker(f"postgresql+psycopg://spc@127.0.0.1:{port}")
        finally:
            stop = [folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"]
            subprocess.run(stop, cwd=root, stdout=subprocess.DEVNULL, check=True, **as_user)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _maker(url: str) -> Callable[[], str]:
    admin = create_engine(f"{url}/postgres", isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE empty_hub"))
    template = create_engine(f"{url}/empty_hub")
    migrate.migrate(template)
    template.dispose()
    numbers = count(1)

    def make() -> str:
        name = f"hub_{next(numbers)}"
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE empty_hub"))
        admin.dispose()
        return f"{url}/{name}"

    return make
