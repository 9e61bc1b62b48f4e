"""A Windows that the setup is tried on: a copy of our Wine on Linux with a screen of its own, or this Windows itself."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import wine
from table import wait_until

WINDOWS = os.name == "nt"
MARK = "spc-desktop"
RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
UNINSTALL = rf"Software\Microsoft\Windows\CurrentVersion\Uninstall\{MARK}"


class WindowsPc:
    """Runs Windows programs and looks at what they left; everything that was started ends with the block."""

    def __init__(self) -> None:
        self._screen: list[subprocess.Popen[bytes]] = []
        self._running: list[subprocess.Popen[bytes]] = []
        self._place = Path(tempfile.mkdtemp(prefix="spc-windows-"))
        self.local = self.menu = Path()

    def __enter__(self) -> "WindowsPc":
        if not WINDOWS:
            wine.prepare()
            shutil.copytree(wine.PREFIX, self._place / "prefix", symlinks=True, ignore_dangling_symlinks=True)
            wine.PREFIX = self._place / "prefix"
            self._open_screen()
        self.local = self.here(self.command("cmd", "/c", "echo %LOCALAPPDATA%")[1].strip())
        roaming = self.here(self.command("cmd", "/c", "echo %APPDATA%")[1].strip())
        self.menu = roaming / "Microsoft/Windows/Start Menu/Programs"
        return self

    def __exit__(self, *exc: object) -> None:
        for process in self._running:
            if process.poll() is None:
                process.kill()
        if not WINDOWS:
            subprocess.run(["wineserver", "-k"], env=wine.environment(), check=False, timeout=60)
        for process in reversed(self._screen):
            process.terminate()
            process.wait(20)
        shutil.rmtree(self._place, ignore_errors=True)

    def _open_screen(self) -> None:
        reading, writing = os.pipe()
        options = ["-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
        self._screen.append(subprocess.Popen(["Xvfb", *options], pass_fds=(writing,), stderr=subprocess.DEVNULL))
        os.environ["DISPLAY"] = ":" + os.read(reading, 16).decode().strip()
        if shutil.which("openbox"):
            self._screen.append(subprocess.Popen(["openbox"], stderr=subprocess.DEVNULL))

    def here(self, path: str) -> Path:
        """Return where a path of Windows lies on this system."""
        return Path(path) if WINDOWS else wine.here(path)

    def command(self, *command: str | Path, seconds: float = 300) -> tuple[int, str]:
        """Run a program to its end; return status and output. A program that does not end counts as failed."""
        try:
            if not WINDOWS:
                done = wine.run(*command, seconds=seconds)
            else:
                done = subprocess.run(
                    [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                    errors="replace", check=False, timeout=seconds,
                )  # fmt: skip
        except subprocess.TimeoutExpired:
            return 124, f"not ended after {seconds} s"
        return done.returncode, done.stdout + done.stderr

    def start(self, *command: str | Path) -> subprocess.Popen[bytes]:
        """Start a program."""
        words = [*([] if WINDOWS else ["wine"]), *map(str, command)]
        environment = None if WINDOWS else wine.environment()
        process = subprocess.Popen(
            words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._running.append(process)
        return process

    def registry(self, key: str, value: str = "", root: str = "HKCU") -> str | None:
        """Return a value of the registry; with no name whether the key is there (as an empty text); None: it is not."""
        status, output = self.command("reg", "query", rf"{root}\{key}", *(["/v", value] if value else []))
        if status:
            return None
        found = re.search(rf"^\s+{re.escape(value)}\s+REG_\w+\s+(.*?)\s*$", output, re.MULTILINE) if value else None
        return found[1] if found else ""

    def processes(self) -> list[str]:
        """Return the programs of ours that run."""
        return re.findall(rf"{MARK}[\w-]*\.exe", self.command("tasklist")[1])

    def windows(self) -> list[str]:
        """Return the visible windows of the program (Linux only: by X)."""
        done = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", "SPC Desktop"], capture_output=True, text=True, check=False
        )
        return done.stdout.split()

    def has_ended(self, process: subprocess.Popen[bytes], seconds: float = 60) -> bool:
        """Wait for the end of a program that was started."""
        return bool(wait_until(lambda: process.poll() is not None, seconds))

    def picture(self, target: Path) -> None:
        """Keep what is on the screen, where it can be taken."""
        if not WINDOWS and shutil.which("import"):
            subprocess.run(["import", "-window", "root", str(target)], check=False, timeout=60)


def text_of(file: Path) -> str:
    """Return a file's text, empty where there is none yet."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def last_ready(log: Path, after: int = 0) -> Sequence[str] | None:
    """Return (first paint, ready) in seconds of the newest start in a log, behind ``after`` characters."""
    found = re.findall(r"first paint ([\d.]+) s, ready ([\d.]+) s", text_of(log)[after:])
    return found[-1] if found else None


def settled(seconds: float = 1.0) -> None:
    """Give a program that just let go of its folder the moment it takes to end."""
    time.sleep(seconds)
