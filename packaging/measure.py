"""Measures a built program: ``python packaging/measure.py [path of the executable] [--runs N]``. Standard library only.

Prints the size on disk, the time from the start of the process to the first paint, to a ready window and to a listening hub
(medians; the program logs them itself), and the memory at rest. On Linux in a real X session: put ``xvfb-run -a`` before it
or run it on a desktop; without a display it measures Qt's offscreen platform and says so.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from smoke import BUILT, PATIENCE

LOGGED = {
    "first paint": r"first paint ([\d.]+) s",
    "ready": r"ready ([\d.]+) s after",
    "hub listening": r"listening ([\d.]+) s after",
}
REST = 6.0
"""Seconds after which the memory is read."""


def disk_size(folder: Path) -> float:
    """Return the megabytes (1024 x 1024) that a folder takes on disk, as ``du -sm`` counts."""
    blocks = sum(getattr(file.lstat(), "st_blocks", file.lstat().st_size / 512) for file in folder.rglob("*"))
    return blocks * 512 / 2**20


def memory(pid: int) -> float:
    """Return the resident megabytes of a process; 0 where the system has no /proc."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0.0
    return int(re.findall(r"VmRSS:\s+(\d+)", text)[0]) / 1024


def start(program: Path, folder: Path, *arguments: str) -> tuple[dict[str, float], float]:
    """Start, wait for the last line that is looked for, let it rest, end it; return the times and the memory."""
    log, last = folder / "logs" / "spc-desktop.log", "hub listening" if "hub" in arguments else "ready"
    offset = log.stat().st_size if log.exists() else 0
    process = subprocess.Popen(
        [program, *arguments, "--port", "0", "--data-dir", str(folder)], stdout=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and process.poll() is None:
            text = log.read_bytes()[offset:].decode("utf-8", "replace") if log.exists() else ""
            found = {name: float(match[1]) for name, line in LOGGED.items() if (match := re.search(line, text))}
            if last in found:
                time.sleep(REST)
                return found, memory(process.pid)
            time.sleep(0.05)
        sys.exit(f"measure: {' '.join(arguments) or 'the window'} did not come up; see {log}")
    finally:
        process.terminate()
        process.wait(PATIENCE)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", type=Path, default=BUILT)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    program = options.program.absolute()
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        print("no display: Qt draws offscreen")
    print(f"size on disk    {disk_size(program.parent):7.0f} MB")
    with tempfile.TemporaryDirectory() as place:
        for arguments in ((), ("hub",)):
            start(program, Path(place), *arguments)  # the first one reads the disk
            runs = [start(program, Path(place), *arguments) for _ in range(options.runs)]
            for name in LOGGED:
                times = [found[name] for found, _ in runs if name in found]
                if times:
                    print(f"{name:<15} {statistics.median(times):7.2f} s   of {options.runs}: {sorted(times)}")
            print(
                f"{'memory ' + (arguments or ('window',))[0]:<15} {statistics.median(size for _, size in runs):7.0f} MB"
            )


if __name__ == "__main__":
    main()
