"""``python -m tests.screens [--out DIR] [--page NAME ...] [--offscreen]``: a picture of every page, and a check of each.

Korean and English, light and dark, 100 and 200 % text; with the sample plant, and without any data. On Linux the window is
a real one on a virtual X screen of its own. The exit status is 1 when something is wrong with any of them.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

SIZES = {100: (1280, 800), 200: (1920, 1080)}


def main() -> int:
    """Take the pictures; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.screens", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("screens"), help="folder of the pictures (default %(default)s)"
    )
    parser.add_argument("--page", action="append", help="only this page; may be given several times")
    parser.add_argument("--offscreen", action="store_true", help="without an X server")
    options = parser.parse_args()
    if options.offscreen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    elif sys.platform.startswith("linux") and not os.environ.get("SPC_SCREENS_X") and shutil.which("Xvfb"):
        return on_own_screen()
    return take(options)


def on_own_screen() -> int:
    """Run this command again on a virtual X screen."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "2000x1200x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as stream:
            display = stream.readline().strip()
        environment = os.environ | {"DISPLAY": f":{display}", "QT_QPA_PLATFORM": "xcb", "SPC_SCREENS_X": "1"}
        again = [sys.executable, "-m", "tests.screens", *sys.argv[1:]]
        return subprocess.run(again, env=environment, check=False).returncode
    finally:
        server.terminate()
        server.wait()


def take(options: argparse.Namespace) -> int:
    """Open a window and show everything in it."""
    import qasync
    from PySide6.QtWidgets import QApplication

    from tests.screens.session import Session

    application = QApplication(["screens"])
    application.setQuitOnLastWindowClosed(False)
    options.out.mkdir(parents=True, exist_ok=True)
    session = Session(application, options.out, options.page)
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(application)) as runner:
        runner.run(session.run(SIZES))
    for line in session.report:
        print(line)
    print(f"{session.taken} pictures in {options.out}, {len(session.report)} problems")
    return 1 if session.report else 0


if __name__ == "__main__":
    sys.exit(main())
