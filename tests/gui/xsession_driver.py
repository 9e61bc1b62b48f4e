"""Runs inside the test desktop: starts the program with the sample plant and does what its user does, with a real mouse.

Prints one JSON object: what was seen at each step. Every wait is bounded.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OUT = Path(os.environ["SESSION_OUT"])
LOG = OUT / "data" / "logs" / "spc-desktop.log"
BUTTON_FROM_RIGHT, BUTTON_FROM_BOTTOM = 172, 31
"""Where xfce4-notifyd puts the first of two buttons, measured on its default theme."""


def wait(seen, seconds=40.0):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = seen()
        if found:
            return found
        time.sleep(0.1)
    return None


def xdotool(*arguments):
    return subprocess.run(
        [shutil.which("xdotool"), *arguments], capture_output=True, text=True, timeout=20, check=False
    )


def windows(*search):
    return xdotool("search", "--onlyvisible", *search).stdout.split()


def program_windows():
    return windows("--name", "^SPC Desktop$")


def toasts():
    lines = (OUT / "notify.jsonl").read_text(encoding="utf-8").splitlines()
    return [entry for entry in map(json.loads, lines) if entry["member"] == "Notify"]


def invoked():
    return [line for line in (OUT / "notify.jsonl").read_text(encoding="utf-8").splitlines() if "ActionInvoked" in line]


def click_open():
    """Click the first button of a visible toast; the newest may move, so look again each time."""
    for window in windows("--class", "xfce4-notifyd"):
        geometry = dict(
            line.split("=") for line in xdotool("getwindowgeometry", "--shell", window).stdout.split() if "=" in line
        )
        x = int(geometry["WIDTH"]) - BUTTON_FROM_RIGHT
        y = int(geometry["HEIGHT"]) - BUTTON_FROM_BOTTOM
        if x < 0 or y < 0:
            continue
        xdotool("mousemove", str(int(geometry["X"]) + x), str(int(geometry["Y"]) + y), "click", "1")
        time.sleep(0.5)
        if invoked():
            return True
    return False


def opened():
    if not LOG.exists():
        return []
    return [line for line in LOG.read_text(encoding="utf-8").splitlines() if " opened, characteristic" in line]


def dbus(destination, path, *call):
    command = ["dbus-send", "--session", "--print-reply", f"--dest={destination}", path, *call]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def activate_tray():
    """Do what a left click on the tray icon does: the panel calls Activate of the status notifier item."""
    watcher, get = "org.kde.StatusNotifierWatcher", "org.freedesktop.DBus.Properties.Get"
    items = dbus(watcher, "/StatusNotifierWatcher", get, f"string:{watcher}", "string:RegisteredStatusNotifierItems")
    done = []
    for item in items.stdout.split('"')[1::2]:
        owner, _, path = item.partition("/")
        activate = ("org.kde.StatusNotifierItem.Activate", "int32:0", "int32:0")
        done.append(dbus(owner.rstrip("@"), f"/{path or 'StatusNotifierItem'}", *activate).returncode)
    return done == [0]


def shot(name):
    subprocess.run([shutil.which("import"), "-window", "root", str(OUT / f"{name}.png")], timeout=20, check=False)


def main():
    seen = {}
    command = [sys.executable, "-m", "spc_desktop", "--data-dir", str(OUT / "data"), "--port", "0"]
    log = (OUT / "program.log").open("w", encoding="utf-8")
    program = subprocess.Popen(
        [*command, "--sample-plant=30", "--language", os.environ["SESSION_UI"]], stdout=log, stderr=subprocess.STDOUT
    )
    try:
        seen["window"] = bool(wait(program_windows))
        seen["toast"] = wait(toasts, 60)
        shot("toast")
        seen["clicked"] = bool(wait(click_open, 30))
        seen["opened"] = bool(wait(opened, 20))
        time.sleep(1)
        shot("opened")
        xdotool("windowactivate", "--sync", *program_windows()[:1])
        xdotool("key", "alt+F4")
        seen["hidden"] = bool(wait(lambda: not program_windows()))
        time.sleep(1)
        seen["stays_hidden"] = not program_windows()
        seen["alive"] = program.poll() is None
        seen["tray"] = activate_tray()
        seen["back"] = bool(wait(program_windows))
        xdotool("windowactivate", "--sync", *program_windows()[:1])
        xdotool("key", "ctrl+q")
        wait(lambda: program.poll() is not None, 15)
    finally:
        if program.poll() is None:
            program.terminate()
            try:
                program.wait(15)
            except subprocess.TimeoutExpired:
                program.kill()
            seen["status"] = "had to be ended"
        else:
            seen["status"] = program.returncode
        log.close()
    print(json.dumps(seen, ensure_ascii=False))


if __name__ == "__main__":
    main()
