"""Start of the window with the sample plant, from source: first paint, everything ready, and memory after a while.

``python -m tests.perf.startup [--times 5] [--seconds 20]``. On Linux the window is a real one on a virtual X screen of its own;
the first start fills the data folder and warms the disk and is not counted.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LINE = re.compile(r"first paint ([\d.]+) s, ready ([\d.]+) s")
MOST_PAINT, MOST_READY, MOST_MEMORY = 0.4, 1.2, 250
PATIENCE = 60


def start_once(folder, seconds, environment):
    """Start the program; return seconds to the first paint and until ready, and MiB of resident and of private memory."""
    command = [
        sys.executable,
        "-m",
        "spc_desktop",
        "--data-dir",
        folder,
        "--port",
        "0",
        "--sample-plant",
        "--language",
        "ko",
    ]
    log = Path(folder) / "logs" / "spc-desktop.log"
    known = len(LINE.findall(log.read_text(encoding="utf-8"))) if log.exists() else 0
    program = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ends = time.monotonic() + PATIENCE
        found = []
        while len(found) <= known:
            if time.monotonic() > ends or program.poll() is not None:
                raise RuntimeError(f"the window did not come up; see {log}")
            time.sleep(0.05)
            found = LINE.findall(log.read_text(encoding="utf-8")) if log.exists() else []
        time.sleep(seconds)
        return (*map(float, found[-1]), *memory(program.pid))
    finally:
        program.terminate()
        program.wait(30)


def memory(pid):
    """Return resident and private memory of a process in MiB, from the kernel."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii") if sys.platform.startswith("linux") else ""
    sizes = {name: int(size) / 1024 for name, size in re.findall(r"^(\w+):\s+(\d+) kB", text, re.MULTILINE)}
    private = sizes.get("Private_Clean", 0) + sizes.get("Private_Dirty", 0)
    return sizes.get("Rss", float("nan")), private


def screen():
    """Start a virtual X screen; return its process and the environment of programs on it."""
    if not sys.platform.startswith("linux") or not shutil.which("Xvfb"):
        return None, os.environ | {"QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as stream:
        display = stream.readline().strip()
    return server, os.environ | {"DISPLAY": f":{display}", "QT_QPA_PLATFORM": "xcb"}


def main():
    """Start it several times and print the middle of each number."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=5)
    options.add_argument("--seconds", type=float, default=20, help="until memory is read at the last start")
    given = options.parse_args()
    server, environment = screen()
    try:
        with tempfile.TemporaryDirectory() as folder:
            start_once(folder, 3, environment)
            starts = [start_once(folder, 1, environment) for _ in range(given.times - 1)]
            starts.append(start_once(folder, given.seconds, environment))
    finally:
        if server is not None:
            server.terminate()
            server.wait()
    paint, ready = (statistics.median(column) for column in list(zip(*starts, strict=True))[:2])
    resident, private = starts[-1][2:]
    print(f"{given.times} warm starts with the sample plant on {environment['QT_QPA_PLATFORM']}, median")
    print(f"first paint       {paint:6.2f} s    (at most {MOST_PAINT})   best {min(one[0] for one in starts):.2f}")
    print(f"everything ready  {ready:6.2f} s    (at most {MOST_READY})   best {min(one[1] for one in starts):.2f}")
    print(f"memory            {resident:6.0f} MiB  (at most {MOST_MEMORY})   private {private:.0f}")
    return 0 if paint <= MOST_PAINT and ready <= MOST_READY and not resident > MOST_MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
