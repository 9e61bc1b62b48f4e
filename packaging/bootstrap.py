#!/usr/bin/env python3
"""Sets everything up and starts the program, or runs every test. Needs only Python 3.11 or newer.

    python3 packaging/bootstrap.py run [options of spc-desktop]
    python3 packaging/bootstrap.py test [options of pytest]

Standard library only. Makes ``.venv``, installs the project into it (again only when pyproject.toml or the interpreter
changed), and on Debian and Ubuntu installs the system libraries that Qt needs when it may (root or sudo without a password);
where it may not, it prints the one line to run.
"""

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "spc-desktop.stamp"

# What Qt's xcb and offscreen platforms load, by soname: a library that loads is there, whoever installed it.
QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libcups.so.2": "libcups2",
}
# The desktop in which the window's tests run: X server, session bus, window manager, tray, notification daemon, fonts.
# And the servers that several hubs share; the tests start their own, in temporary folders.
TEST_PROGRAMS = {
    "Xvfb": "xvfb",
    "dbus-daemon": "dbus-daemon",
    "dbus-monitor": "dbus-bin",
    "openbox": "openbox",
    "xfce4-panel": "xfce4-panel",
    "xfconf-query": "xfconf",
    "xdotool": "xdotool",
    "xwininfo": "x11-utils",
    "import": "imagemagick",
    "redis-server": "redis-server",
}
TEST_FILES = {"xfce4/notifyd/xfce4-notifyd": "xfce4-notifyd", "*/bin/initdb": "postgresql"}
KOREAN_FONTS = ("truetype/nanum", "opentype/noto", "truetype/noto-cjk", "truetype/baekmuk", "truetype/unfonts-core")


def say(text: str) -> None:
    """Print a step, at once even into a pipe."""
    print(f"bootstrap: {text}", flush=True)


def missing_libraries() -> list[str]:
    """Return the Debian packages of the Qt libraries that do not load here, and of a Korean font."""
    packages = []
    for library, package in QT_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            packages.append(package)
    if not any((Path("/usr/share/fonts") / folder).is_dir() for folder in KOREAN_FONTS):
        packages.append("fonts-nanum")
    return packages


def missing_test_programs() -> list[str]:
    """Return the Debian packages of the test desktop's programs that are not here."""
    packages = [package for program, package in TEST_PROGRAMS.items() if shutil.which(program) is None]
    packages += [name for file, name in TEST_FILES.items() if not any(Path("/usr/lib").glob(f"*/{file}"))]
    return packages


def privilege() -> list[str] | None:
    """Return what to put before apt-get: nothing for root, ``sudo -n`` where it asks for no password, None for neither."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n"]
    return None


def install(packages: list[str], why: str) -> bool:
    """Install Debian packages, or print the line that does; True when nothing is missing any more."""
    if not packages:
        return True
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    before = privilege()
    if before is None:
        say(f"{why} needs packages that are not installed, and this account may not install them. Please run once:")
        print(f"  sudo apt-get update && sudo {line}", flush=True)
        return False
    say(f"{why}: installing {' '.join(packages)}")
    apt = [*before, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    subprocess.run([*apt, "update", "-q"], stdout=subprocess.DEVNULL, check=False)
    done = subprocess.run([*apt, *line.split()[1:], "-q"], stdout=subprocess.DEVNULL, check=False).returncode == 0
    if not done:
        say(f"that did not succeed; the line was: {line}")
    return done


def prepare_system(testing: bool) -> None:
    """On Debian and Ubuntu bring the system libraries; elsewhere on Linux name those that are missing."""
    if not sys.platform.startswith("linux"):
        return
    libraries = missing_libraries()
    if shutil.which("apt-get") is None:
        if libraries:
            say(f"Qt needs system libraries that are not here; their Debian names are: {' '.join(libraries)}")
        return
    install(libraries, "the window")
    if testing:
        install(missing_test_programs(), "the test desktop")


def prepare_environment() -> None:
    """Make ``.venv`` and install the project with its tools; does nothing when both are up to date."""
    if not runs([str(PYTHON), "-c", "import pip"]):
        make_venv()
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    if (
        STAMP.is_file()
        and STAMP.read_text(encoding="ascii") == wanted
        and runs([str(PYTHON), "-c", "import spc_desktop"])
    ):
        return
    say("installing the project and its tools into .venv (about 1 GB, once)")
    pip = [str(PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-e", f"{ROOT}[dev]"]
    if subprocess.run(pip, check=False).returncode != 0:
        sys.exit("bootstrap: pip could not install the project; its message is above (is the network there?)")
    STAMP.write_text(wanted, encoding="ascii")


def make_venv() -> None:
    """Make the environment; Debian keeps the module for it in a package of its own."""
    say("making .venv")
    if not runs([sys.executable, "-c", "import ensurepip, venv"]):
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if shutil.which("apt-get") is None or not install([package], "the environment"):
            sys.exit("bootstrap: this Python cannot make environments (its modules venv and ensurepip are missing)")
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=False)
    if done.returncode != 0:
        sys.exit("bootstrap: python -m venv failed; its message is above")


def runs(command: list[str]) -> bool:
    """Say whether a command ends with status 0."""
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=120).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def has_display() -> bool:
    """Try to open the display: variables may be set where nothing answers."""
    return runs([str(PYTHON), "-c", "from PySide6.QtWidgets import QApplication; QApplication([])"])


def become(command: list[str]) -> None:
    """Go on as another program: its signals and exit status are ours (Windows has no exec, so a child it is)."""
    sys.stdout.flush()
    if os.name == "nt":
        sys.exit(subprocess.call(command, cwd=ROOT))
    os.chdir(ROOT)
    os.execv(command[0], command)  # noqa: S606 - the interpreter of our own environment


def main() -> None:
    """Carry out ``run`` or ``test``."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this very check is for whoever has an older one
        sys.exit(f"bootstrap: Python 3.11 or newer is needed, this is {sys.version.split()[0]} ({sys.executable})")
    action, *options = sys.argv[1:] or [""]
    if action not in ("run", "test"):
        sys.exit(__doc__)
    prepare_system(testing=action == "test")
    prepare_environment()
    if action == "test":
        become([str(PYTHON), "-m", "tests.check", *options])
    if has_display():
        say("opening SPC Desktop with the sample plant")
        become([str(PYTHON), "-m", "spc_desktop", "--sample-plant", *options])
    say("there is no display here, so this starts the hub without a window; Ctrl+C ends it")
    become([str(PYTHON), "-m", "spc_desktop", "hub", "--sample-plant", *options])


if __name__ == "__main__":
    main()
