"""A Redis server of the tests' own: on a free port of loopback, nothing on disk, ended with the block."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 30.0


class RedisServer:
    """A server that can be stopped and started again on the same port."""

    def __init__(self, folder: str, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it takes connections."""
        fixed = [
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            self._folder,
        ]
        self._process = subprocess.Popen(["redis-server", *fixed, *self._options], stdout=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        self.stop()
        raise RuntimeError("redis-server does not start")

    def stop(self) -> None:
        """End it at once, with all that it held."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextmanager
def server(*options: str) -> Iterator[RedisServer]:
    """Run a server.

    Raises:
        RuntimeError: the server cannot be had here; the text says why.
    """
    if shutil.which("redis-server") is None:
        raise RuntimeError("Redis is not installed (Debian: apt-get install redis-server)")
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        running = RedisServer(folder, *options)
        running.start()
        try:
            yield running
        finally:
            running.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
