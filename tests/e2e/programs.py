"""Starts the programs as a user does, as processes of their own, and ends them by their process number."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 150.0
"""Seconds after which a test gives up; nothing is measured against it."""


def wait_for(condition, what):
    """Return the first true answer of ``condition()``."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {PATIENCE:.0f} s in vain for {what}")


class Program:
    """One running ``spc-desktop``; ``with`` ends it, whatever the test did."""

    def __init__(self, *arguments, data_dir, **environment):
        self.data_dir = Path(data_dir)
        self._output = (self.data_dir.parent / f"{self.data_dir.name}-{time.monotonic_ns()}.out").open("w+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "spc_desktop", *arguments, "--data-dir", str(data_dir)],
            cwd=ROOT,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONUTF8": "1", "QT_QPA_PLATFORM": "offscreen", "LANG": "C.UTF-8", **environment},
        )

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._output.close()

    @property
    def output(self):
        return Path(self._output.name).read_text(encoding="utf-8", errors="replace")

    def wait_until_up(self):
        """Wait for the address; return it."""

        def address():
            assert self.process.poll() is None, self.output
            with contextlib.suppress(OSError, ValueError):
                note = json.loads((self.data_dir / "hub.json").read_text(encoding="utf-8"))
                return note["url"] if note["pid"] == self.process.pid else None  # not that of one that was killed
            return None

        return wait_for(address, "the hub's address")

    def stop(self):
        """Ask it to end as a service manager does; return the exit status."""
        if os.name == "nt":
            self.process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            self.process.terminate()
        return self.process.wait(timeout=PATIENCE)

    def kill(self):
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait()


def run(*arguments, data_dir, words="", **environment):
    """Run a command of the program to its end, ``words`` on its standard input; return status and output."""
    done = subprocess.run(
        [sys.executable, "-m", "spc_desktop", *arguments, "--data-dir", str(data_dir)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        input=words,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONUTF8": "1", "LANG": "C.UTF-8", **environment},
    )
    return done.returncode, done.stdout + done.stderr


def request(method, url, body=None, **headers):
    """Return status and decoded answer of an HTTP request."""
    data = None if body is None else json.dumps(body).encode()
    call = urllib.request.Request(
        url, data=data, method=method, headers={"Content-Type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(call, timeout=PATIENCE) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def rings_csv(path, *, subgroups=25):
    """Write a calm baseline of single values, so that the limits are frozen when it is imported."""
    lines = ["subgroup,value"] + [f"{number},{10 + (number * 7 % 5) / 10}" for number in range(1, subgroups + 1)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
