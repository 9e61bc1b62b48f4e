#!/usr/bin/env python3
"""Installs the Windows setup and uses it: ``python3 packaging/test_windows.py [setup.exe] [--from older.exe]``.

On Linux under Wine, in a Windows of its own that is removed afterwards; on Windows for the user who runs it. Exit status 0 when
everything was as it shall be. Build it first: ``python3 packaging/build.py windows``; with ``--from`` an older setup
(``build.py windows --as 0.0.9``) is upgraded by it while it runs. Prints a table.
"""

import argparse
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from build import BUILD, DIST, NAME, version
from table import Table, wait_until
from windows_pc import RUN_KEY, UNINSTALL, WINDOWS, WindowsPc, last_ready, settled, text_of

PATIENCE = 120.0
AUMID = r"Software\Classes\AppUserModelId\SPC Desktop"
HUB = "http://127.0.0.1:9"


class Trial:
    """The setup on one PC."""

    def __init__(self, pc: WindowsPc, setup: Path, table: Table) -> None:
        self.pc, self.setup, self.tell = pc, setup, table.tell
        self.home = pc.local / "Programs" / "SPC Desktop"
        self.data = pc.local / NAME
        self.log = self.data / "logs" / f"{NAME}.log"
        self.window, self.console = self.home / f"{NAME}.exe", self.home / f"{NAME}-cli.exe"

    def install(self, *options: str) -> tuple[int, str]:
        """Run the setup silently."""
        return self.pc.command(self.setup, "/S", *options)

    def open_window(self, *options: str) -> tuple["subprocess.Popen[bytes]", object]:
        """Start the window program and wait until it is ready."""
        before = len(text_of(self.log))
        process = self.pc.start(self.window, "--port", "0", *options)
        return process, wait_until(lambda: last_ready(self.log, before), PATIENCE)

    def quit(self) -> bool:
        """End it through its own door."""
        return self.pc.command(self.console, "--quit")[0] == 0

    # -- what is tried ---------------------------------------------------------------------------------------------

    def first_install(self) -> None:
        size = self.setup.stat().st_size / 2**20
        self.tell(size <= 45, f"setup: {size:.1f} MB (45 wanted)")
        began = time.monotonic()
        status, output = self.install("/AUTOSTART=1")
        self.tell(
            status == 0 and self.window.is_file(), f"installs silently ({time.monotonic() - began:.0f} s)", output
        )
        disk = sum(file.stat().st_size for file in self.home.rglob("*") if file.is_file()) / 2**20
        self.tell(disk <= 200, f"takes {disk:.0f} MB on disk (200 wanted)")
        self.tell((self.pc.menu / "SPC Desktop.lnk").is_file(), "start menu")
        started = self.pc.registry(RUN_KEY, NAME) or ""
        self.tell(started.endswith("--background") and "spc-desktop.exe" in started, f"autostart: {started}")
        icon = self.pc.registry(AUMID, "IconUri")
        self.tell(icon and self.pc.here(icon).is_file(), f"notification identity with its icon: {icon}")
        self.tell(self.pc.registry(UNINSTALL, "DisplayVersion") == version(), "is listed among the installed programs")

    def use_console(self) -> None:
        status, output = self.pc.command(self.console, "--version")
        self.tell(status == 0 and version() in output, f"console twin: {output.strip()}")
        status, output = self.pc.command(self.console, "selftest")
        self.tell(status == 0, f"selftest: {(output.strip().splitlines() or [''])[-1]}", output)
        for wanted, there in (("off", False), ("on", True)):
            self.pc.command(self.console, "autostart", wanted)
            self.tell(
                (self.pc.registry(RUN_KEY, NAME) is not None) is there, f"autostart {wanted} by the program itself"
            )
        self._doctor()

    def _doctor(self) -> None:
        status, output = self.pc.command(self.console, "doctor")
        self.tell(status in {0, 1} and "Traceback" not in output, f"doctor: status {status}", output)

    def use_window(self) -> None:
        process, times = self.open_window("--sample-plant=20", "--language", "ko")
        self.tell(times, f"window: first paint {times[0]} s, ready {times[1]} s" if times else "window is ready")  # type: ignore[index]
        if not WINDOWS:
            self.tell(wait_until(self.pc.windows, 20), "window is seen")
        note = json.loads(text_of(self.data / "hub.json") or "{}")
        status, output = self.pc.command(self.console, "check", "--url", note.get("url", ""), "--create-alert")
        self.tell(
            status == 0, f"an alert by REST arrives over the WebSocket: {output.strip().splitlines()[-1:]}", output
        )
        self.tell(wait_until(lambda: "toast" in text_of(self.log).lower(), 30), "a toast was asked for")
        settled(3)
        self.pc.picture(BUILD / "test_windows.png")
        status, _ = self.pc.command(self.window, seconds=60)
        self.tell(status == 0 and process.poll() is None, "second start leaves it to the first")
        self.tell(self.quit() and self.pc.has_ended(process), "--quit ends it")
        hidden, times = self.open_window("--background")
        self.tell(times, "starts in the tray")
        if not WINDOWS:
            self.tell(not self.pc.windows(), "and shows no window")
        self.tell(self.quit() and self.pc.has_ended(hidden), "and ends")

    def use_hub(self) -> None:
        hub = self.pc.start(self.console, "hub", "--port", "8765")
        up = wait_until((self.data / "hub.json").is_file, PATIENCE)
        self.tell(up, "hub runs in the console")
        other = self.pc.local / "other"
        status, output = self.pc.command(self.console, "hub", "--port", "8765", "--data-dir", str(other))
        self.tell(status == 4 and "8765" in output, f"a taken port: {output.strip()}", output)
        self.tell(self.quit() and self.pc.has_ended(hub), "--quit ends the hub")

    def newer_database(self) -> None:
        old = self.pc.local / "newer"
        old.mkdir()
        with closing(sqlite3.connect(old / "spc.sqlite3")) as database, database:
            database.execute("CREATE TABLE alembic_version (version_num TEXT)")
            database.execute("INSERT INTO alembic_version VALUES ('9999')")
        status, output = self.pc.command(self.console, "hub", "--port", "0", "--data-dir", str(old))
        self.tell(status == 3 and "newer" in output, f"a newer database: {output.strip()[:90]}", output)

    def upgrade_while_running(self) -> None:
        process, times = self.open_window("--background")
        mark = self.home / "_internal" / "old-file"
        mark.write_text("of the old version", encoding="ascii")
        before = self.data_facts()
        status, output = self.install()
        self.tell(times and status == 0, "installs over the running program", output)
        self.tell(self.pc.has_ended(process), "the running program was asked to end and did")
        self.tell(not mark.exists() and self.window.is_file(), "the folder is the new one, whole")
        left = [name for name in ("SPC Desktop.new", "SPC Desktop.old") if (self.home.parent / name).exists()]
        self.tell(not left, f"nothing half is left {left}")
        self.tell((self.pc.registry(RUN_KEY, NAME) or "").endswith("--background"), "autostart is as it was")
        process, times = self.open_window("--background")
        self.tell(times and self.data_facts() == before, f"and the data are still there: {before}")
        self.tell(self.quit() and self.pc.has_ended(process), "and ends")

    def data_facts(self) -> str:
        """Return what the database holds."""
        try:
            with closing(sqlite3.connect(f"file:{self.data / 'spc.sqlite3'}?mode=ro", uri=True)) as database:
                tables = ("product", "measurement", "alert")
                counts = [database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables]  # noqa: S608
        except sqlite3.Error as error:
            return str(error)
        return ", ".join(f"{count} {name}s" for count, name in zip(counts, tables, strict=True))

    def repair(self) -> None:
        for name in ("python311.dll", "python313.dll", "base_library.zip"):
            (self.home / "_internal" / name).unlink(missing_ok=True)
        status, output = self.install()
        works = self.pc.command(self.console, "--version")
        self.tell(status == 0 and works[0] == 0, "repairs a broken installation", output + works[1])

    def downgrade(self) -> None:
        self.pc.command("reg", "add", rf"HKCU\{UNINSTALL}", "/v", "DisplayVersion", "/d", "99.0.0", "/f")
        status, output = self.install()
        same = self.pc.registry(UNINSTALL, "DisplayVersion") == "99.0.0"
        self.tell(status == 5 and same, f"an older version is refused over a newer one (status {status})", output)
        self.pc.command("reg", "add", rf"HKCU\{UNINSTALL}", "/v", "DisplayVersion", "/d", version(), "/f")

    def server(self) -> None:
        status, output = self.install(f"/SERVER={HUB}", "/AUTOSTART=1")
        started = self.pc.registry(RUN_KEY, NAME) or ""
        self.tell(status == 0 and f"viewer {HUB}" in started, f"/SERVER= makes it a window on a hub: {started}", output)
        self.install()
        kept = self.pc.registry(RUN_KEY, NAME) or ""
        self.tell(kept == started, "an upgrade without it keeps the hub")
        self.pair()
        status, output = self.install("/SERVER=", "/AUTOSTART=0")
        self.tell(
            status == 0 and self.pc.registry(RUN_KEY, NAME) is None, "/SERVER= and /AUTOSTART=0 take it back", output
        )

    def pair(self) -> None:
        """A hub elsewhere (a copy of the program, which no setup ends) lets this PC in by a code; nobody touches either."""
        place = self.pc.local / "elsewhere"
        shutil.copytree(self.home, place / "program")
        console, folder = place / "program" / f"{NAME}-cli.exe", str(place / "data")
        hub = self.pc.start(console, "hub", "--host", "0.0.0.0", "--port", "8766", "--data-dir", folder)  # noqa: S104
        wait_until((place / "data" / "hub.json").is_file, PATIENCE)
        status, output = self.pc.command(console, "station", "invite", "--name", "line3", "--data-dir", folder)
        found = re.search(r"/PAIR=(\S+)", output)
        self.tell(status == 0 and found, "the hub makes a code for this PC", output)
        code, server = found[1] if found else "", "/SERVER=https://127.0.0.1:8766"
        began = time.monotonic()
        status, output = self.install(server, f"/PAIR={code}")
        tokens = text_of(self.data / "station-tokens.json")
        self.tell(
            status == 0 and "127.0.0.1:8766" in tokens and "spc_" in tokens,
            f"/PAIR= lets this PC in ({time.monotonic() - began:.0f} s, status {status})",
            output,
        )
        for why, options in (
            ("a code that was used", (server, f"/PAIR={code}")),
            ("a wrong code", (server, "/PAIR=WRONG-CODE")),
            ("a hub that is away", (f"/SERVER={HUB}", f"/PAIR={code}")),
            ("no hub", ("/SERVER=", f"/PAIR={code}")),
        ):
            status, output = self.install(*options)
            self.tell(status == 6 and self.window.is_file(), f"{why}: status {status}, installed all the same", output)
        self.pc.command(console, "--quit", "--data-dir", folder)
        self.tell(self.pc.has_ended(hub), "the hub elsewhere was left alone until now")
        shutil.rmtree(place, ignore_errors=True)

    def uninstall_while_running(self) -> None:
        process, times = self.open_window("--background")
        self.pc.command(self.home / "Uninstall.exe", "/S")
        gone = wait_until(lambda: not self.home.exists(), PATIENCE)
        self.tell(times and gone and self.pc.has_ended(process), "is removed while it runs")
        self.tell(not self.pc.processes(), f"no process is left {self.pc.processes()}")
        left = [key for key in (UNINSTALL, AUMID) if self.pc.registry(key) is not None]
        left += [RUN_KEY] if self.pc.registry(RUN_KEY, NAME) is not None else []
        self.tell(
            not left and not (self.pc.menu / "SPC Desktop.lnk").exists(), f"nothing is left in menu and registry {left}"
        )
        self.tell((self.data / "spc.sqlite3").is_file(), "the data are still there")

    def uninstall_with_data(self) -> None:
        self.install()
        self.pc.command(self.home / "Uninstall.exe", "/S", "/DELETEDATA=1")
        gone = wait_until(lambda: not self.home.exists() and not self.data.exists(), PATIENCE)
        self.tell(gone, "/DELETEDATA=1 removes the data as well")

    def upgrade_from(self, older: Path) -> None:
        """Another version runs and has data; this one comes over it, and the older one is refused then."""
        old = Trial(self.pc, older.absolute(), Table())
        old.install("/AUTOSTART=1")
        said = self.pc.command(self.console, "--version")[1].strip()
        process, times = self.open_window("--sample-plant=50")
        self.tell(times and version() not in said, f"older version runs: {said}")
        settled(15)
        status, output = self.install()
        self.tell(status == 0 and self.pc.has_ended(process), "this version is installed over it while it runs", output)
        before, now = self.data_facts(), self.pc.command(self.console, "--version")[1].strip()
        self.tell(version() in now and self.pc.registry(UNINSTALL, "DisplayVersion") == version(), f"it is {now}")
        process, times = self.open_window("--background")
        self.tell(times and self.quit() and self.pc.has_ended(process), "and runs on the data")
        self.tell(self.data_facts() == before and " 0 " not in f" {before}", f"everything is still there: {before}")
        status, output = old.install()
        now = self.pc.command(self.console, "--version")[1]
        self.tell(status == 5 and version() in now, f"the older setup is refused (status {status})", output)
        self.pc.command(self.home / "Uninstall.exe", "/S", "/DELETEDATA=1")
        self.tell(wait_until(lambda: not self.home.exists(), PATIENCE), "and is removed")

    def for_everybody(self) -> None:
        status, output = self.install("/AllUsers")
        place = self.pc.here(self.pc.registry(UNINSTALL, "InstallLocation", "HKLM") or "C:\\none")
        there = (place / f"{NAME}.exe").is_file() and "Program Files" in str(place)
        self.tell(status == 0 and there, f"/AllUsers installs per machine: {place.name}", output)
        self.pc.command(place / "Uninstall.exe", "/AllUsers", "/S")
        gone = wait_until(lambda: not place.exists(), PATIENCE)
        self.tell(gone and self.pc.registry(UNINSTALL, root="HKLM") is None, "and is removed again")

    def crashes(self) -> None:
        reports = [file.name for file in (self.data / "logs").glob("crash-*")]
        self.tell(not reports, f"no crash reports {reports}")


def main() -> None:
    """Try everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("setup", nargs="?", type=Path, default=DIST / f"{NAME}-{version()}-setup.exe")
    parser.add_argument("--from", dest="older", type=Path, help="the setup of an older version")
    options = parser.parse_args()
    setup = options.setup
    if not setup.is_file():
        sys.exit(f"test_windows: there is no {setup}; build it with: python3 packaging/build.py windows")
    table = Table()
    with WindowsPc() as pc:
        trial = Trial(pc, setup.absolute(), table)
        trial.first_install()
        if trial.console.is_file():
            trial.use_console()
            trial.use_window()
            trial.use_hub()
            trial.newer_database()
            trial.upgrade_while_running()
            trial.repair()
            trial.downgrade()
            trial.server()
            trial.crashes()
            trial.uninstall_while_running()
            trial.uninstall_with_data()
            if options.older:
                trial.upgrade_from(options.older)
            trial.for_everybody()
    table.end()


if __name__ == "__main__":
    main()
