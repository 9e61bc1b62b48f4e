"""Tries a built program: ``python packaging/smoke.py [path of the executable]``. Standard library only.

It tells its version, checks its own statistics, runs a hub that takes a subgroup over REST and tells its alert over the
WebSocket, still has it after a restart, opens the window without a screen, and ends on ``--quit``. Exit status 0 when all of
that is so.
"""

import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

SUFFIX = ".exe" if os.name == "nt" else ""
BUILT = Path("dist") / "spc-desktop" / f"spc-desktop{SUFFIX}"
PATIENCE = 60.0


def check(good: bool, what: str) -> None:
    """Print a result; the first bad one ends the run."""
    print(f"{'ok    ' if good else 'FAILED'} {what}", flush=True)
    if not good:
        sys.exit(1)


def run(program: Path, *arguments: str) -> tuple[int, str]:
    """Run a command of the program to its end."""
    done = subprocess.run(
        [program, *arguments], capture_output=True, encoding="utf-8", errors="replace", check=False, timeout=600
    )
    return done.returncode, done.stdout + done.stderr


class Running:
    """The program as a process; ends it at the end of the block."""

    def __init__(self, program: Path, folder: Path, *arguments: str) -> None:
        self._folder = folder
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        self.process = subprocess.Popen(
            [program, *arguments, "--port", "0", "--data-dir", str(folder)], env=environment, stdout=subprocess.DEVNULL
        )

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def url(self) -> str:
        """Wait until it answers."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            try:
                note = json.loads((self._folder / "hub.json").read_text(encoding="utf-8"))
            except (OSError, ValueError):
                time.sleep(0.1)
                continue
            return str(note["url"])
        return ""

    def stop(self, program: Path) -> int:
        """End it through its own door; return its status."""
        run(program, "--quit", "--data-dir", str(self._folder))
        return self.process.wait(PATIENCE)


class Listener:
    """A client of the hub's WebSocket that only reads: what this test needs of RFC 6455."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").rpartition(":")
        self._socket = socket.create_connection((host, int(port)), PATIENCE)
        self._stream = self._socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        lines = f"Host: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        request = f"GET /ws/spc/notifications/ HTTP/1.1\r\n{lines}Sec-WebSocket-Key: {key}\r\n\r\n"
        self._socket.sendall(request.encode())
        self.answered = self._stream.readline().split()[1:2] == [b"101"]
        while self._stream.readline() not in {b"\r\n", b""}:
            continue

    def __enter__(self) -> "Listener":
        return self

    def __exit__(self, *exc: object) -> None:
        self._stream.close()
        self._socket.close()

    def _message(self) -> str:
        """Return the next message of the server, which sends without masks."""
        _, length = self._stream.read(2)
        if length > 125:
            length = int.from_bytes(self._stream.read(2 if length == 126 else 8))
        return self._stream.read(length).decode("utf-8", "replace")

    def hears(self, *words: str) -> bool:
        """Wait for a message with all these words."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                text = self._message()
            except (OSError, ValueError):
                return False
            if all(word in text for word in words):
                return True
        return False


def request(method: str, url: str, body: object = None) -> tuple[int, object]:
    """Return status and answer."""
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(call, timeout=PATIENCE) as answer:  # noqa: S310 - our own hub
        return answer.status, json.loads(answer.read())


def main() -> None:
    """Try everything."""
    program = (Path(sys.argv[1]) if len(sys.argv) > 1 else BUILT).absolute()
    check(program.is_file(), f"{program} is there")
    status, text = run(program, "--version")
    check(status == 0 and text.startswith("spc-desktop "), f"version: {text.strip()}")
    status, text = run(program, "selftest")
    check(status == 0, f"selftest: {text.strip().splitlines()[-1]}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        file = folder / "LEN.csv"
        lines = [f"{number},{10 + number * 7 % 5 / 10}" for number in range(1, 26)]
        file.write_text("subgroup,value\n" + "\n".join(lines) + "\n", encoding="utf-8")
        status, text = run(program, "import", str(file), "--product", "RING", "--data-dir", str(folder / "data"))
        check(status == 0, f"import: {text.strip().splitlines()[-1]}")
        with Running(program, folder / "data", "hub") as hub:
            url = hub.url()
            check(bool(url), f"hub answers at {url}")
            with Listener(url) as listener:
                check(listener.answered, "hub opens a WebSocket")
                status, _ = request("POST", f"{url}/api/spc/measurements/", {"product": 1, "value": 99.0})
                check(status == 201, "hub takes a subgroup over REST")
                check(listener.hears("alert", "RING"), "its alert comes over the WebSocket")
            check(hub.stop(program) == 0, "hub ends in order on --quit")
        with Running(program, folder / "data", "--sample-plant=20") as window:
            url = window.url()
            check(bool(url), f"window answers at {url}")
            _, alerts = request("GET", f"{url}/api/spc/alerts/")
            check("RING" in json.dumps(alerts), "the alert is still there after a restart")
            time.sleep(3)
            check(window.process.poll() is None, "window is up")
            check(window.stop(program) == 0, "window ends in order on --quit")
        reports = list((folder / "data" / "logs").glob("crash-*"))
        check(not reports, f"no crash reports {[report.name for report in reports]}")


if __name__ == "__main__":
    main()
