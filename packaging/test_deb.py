#!/usr/bin/env python3
"""Installs the .deb on a bare Debian and uses it: ``sudo python3 packaging/test_deb.py [file.deb] [--from older.deb]``.

Makes a minimal Debian in a temporary folder (debootstrap; kept as a tar file in build/ for the next time), installs the
package with nothing but its dependencies, uses it there in a real X session (``deb_session.py``) and removes it again. With
``--from`` the older version is installed first, makes data, and is upgraded while it runs. Prints a table.
Exit status 0 when everything was as it shall be. Needs root, the network and the package debootstrap.
"""

import argparse
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from bootstrap import ROOT
from build import BUILD, DIST, NAME, version

SUITE, MIRROR = "bookworm", "http://deb.debian.org/debian"
SESSION = (  # noqa: SIM905 - a list of names reads best as one
    "python3-minimal xvfb dbus-daemon dbus-bin openbox xfce4-panel xfce4-notifyd xfconf xdotool x11-utils imagemagick"
    " systemd desktop-file-utils"
).split()
"""What the test's own desktop and checks need; installed after the package was tried without it."""
USER = "line"
PLACES = ("opt", "usr", "etc", "var/lib/systemd", "home")


class Bare:
    """A minimal Debian in a folder; removed at the end of the block."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="spc-deb-"))
        self.failures = 0

    def __enter__(self) -> "Bare":
        base = BUILD / f"debian-{SUITE}.tar"
        if not base.is_file():
            print(f"debootstrap: a minimal {SUITE} (minutes, once)", flush=True)
            make = ["debootstrap", "--variant=minbase", SUITE, str(self.root), MIRROR]
            made = subprocess.run(make, capture_output=True, text=True, errors="replace", check=False)
            if made.returncode:
                sys.exit(f"test_deb: debootstrap failed:\n{(made.stdout + made.stderr)[-2000:]}")
            BUILD.mkdir(exist_ok=True)
            subprocess.run(["tar", "-C", str(self.root), "-cf", str(base), "."], check=True)
        else:
            subprocess.run(["tar", "-C", str(self.root), "-xf", str(base)], check=True)
        self.root.chmod(0o755)  # a temporary folder is for its owner only; this is the / of an ordinary user
        for name in ("/etc/resolv.conf", "/etc/hosts"):
            shutil.copy(name, self.root / name[1:])
        subprocess.run(["mount", "-t", "proc", "proc", str(self.root / "proc")], check=True)
        return self

    def __exit__(self, *exc: object) -> None:
        inside = str(self.root) + "/"
        for link in Path("/proc").glob("[0-9]*/root"):  # only what runs in this folder
            try:
                if (str(link.readlink()) + "/").startswith(inside):
                    os.kill(int(link.parent.name), 9)
            except OSError:
                continue
        subprocess.run(["umount", "-l", str(self.root / "proc")], check=False)
        shutil.rmtree(self.root, ignore_errors=True)

    def run(self, *command: str, user: str = "root", seconds: int = 900) -> tuple[int, str]:
        """Run a command in it; return status and output."""
        done = subprocess.run(
            [*self.command(user), *command],
            env=self.environment(user), capture_output=True, encoding="utf-8", errors="replace", check=False, timeout=seconds,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def command(self, user: str) -> list[str]:
        """Return what runs a command in it."""
        return ["chroot", f"--userspec={user}:{user}", str(self.root)]

    def environment(self, user: str) -> dict[str, str]:
        """Return what a user of it has."""
        home = "/root" if user == "root" else f"/home/{user}"
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return {"HOME": home, "PATH": path, "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}

    def apt(self, *words: str) -> tuple[int, str]:
        """Run apt-get."""
        return self.run("apt-get", "-y", "-q", "--no-install-recommends", *words)

    def tell(self, good: object, what: str, details: str = "") -> bool:
        """Print a line of the table; the details only of what failed."""
        self.failures += 0 if good else 1
        print(f"{'ok    ' if good else 'FAILED'} {what}", flush=True)
        if details and not good:
            print("       " + details.strip()[-2000:].replace("\n", "\n       "), flush=True)
        return bool(good)

    def files(self) -> set[str]:
        """Return every file that names the program, outside users' data and apt's own lists."""
        found = set()
        for place in PLACES:
            for file in (self.root / place).rglob("*"):
                name = file.relative_to(self.root).as_posix()
                if ("spc-desktop" in name or "spc-hub" in name) and f"/{USER}/" not in f"/{name}":
                    found.add(name)
        return found


def try_bare(bare: Bare, package: Path) -> None:
    """Install, and use what needs no desktop."""
    shutil.copy(package, bare.root / "root" / package.name)
    bare.apt("update")
    status, output = bare.apt("install", f"/root/{package.name}")
    if not bare.tell(
        status == 0, f"installs with only its dependencies ({package.stat().st_size / 2**20:.1f} MB)", output
    ):
        return
    if USER not in bare.run("cat", "/etc/passwd")[1]:
        bare.run("useradd", "-m", USER)
    size = int(bare.run("du", "-sm", f"/opt/{NAME}")[1].split()[0])
    bare.tell(size <= 200, f"takes {size} MB on disk (200 wanted)")
    libraries = f"find /opt/{NAME} -name '*.so*' -type f -exec ldd {{}} +"  # with the path that the program sets itself
    script = f"LD_LIBRARY_PATH=/opt/{NAME}/_internal {libraries} 2>/dev/null | grep 'not found' | sort -u"
    missing = bare.run("sh", "-c", script)[1]
    bare.tell(not missing.strip(), "every library it loads is there", missing)
    status, output = bare.run(NAME, "--version", user=USER)
    bare.tell(status == 0 and version() in output, f"version: {output.strip()}")
    status, output = bare.run(NAME, "selftest", user=USER)
    bare.tell(status == 0, f"selftest: {(output.strip().splitlines() or [''])[-1]}", output)
    bare.tell("Hidden=true" in (bare.root / f"etc/xdg/autostart/{NAME}.desktop").read_text(), "autostart entry is off")


def try_upgrade(bare: Bare, older: Path, package: Path) -> None:
    """The older version runs and has data; the newer one comes over it, and everything is still there."""
    for file in (older, package):
        shutil.copy(file, bare.root / "root" / file.name)
    bare.apt("update")
    status, output = bare.apt("install", f"/root/{older.name}")
    bare.run("useradd", "-m", USER)
    old = bare.run(NAME, "--version", user=USER)[1].strip()
    bare.tell(status == 0 and version() not in old, f"older version: {old}", output)
    folder = bare.root / f"home/{USER}/.local/share/{NAME}"
    with subprocess.Popen([*bare.command(USER), NAME, "hub", "--port", "0", "--sample-plant=50"], env=bare.environment(USER),
                          stdout=subprocess.PIPE, text=True) as hub:  # fmt: skip
        assert hub.stdout is not None  # noqa: S101 - PIPE
        hub.stdout.readline()
        time.sleep(15)
        (folder / "settings.toml").touch()
        status, output = bare.apt("install", f"/root/{package.name}")
        bare.tell(status == 0, "the newer version is installed over it while it runs", output)
        if hub.poll() is None:
            hub.kill()
        bare.tell(hub.wait(20) == 0, "the running hub ended in order")
    before, now = facts(folder), bare.run(NAME, "--version", user=USER)[1].strip()
    bare.tell(version() in now, f"newer version: {now}")
    with subprocess.Popen([*bare.command(USER), NAME, "hub", "--port", "0"], env=bare.environment(USER),
                          stdout=subprocess.PIPE, text=True) as hub:  # fmt: skip
        assert hub.stdout is not None  # noqa: S101 - PIPE
        hub.stdout.readline()
        quitting = bare.run(NAME, "--quit", user=USER)
        bare.tell(hub.wait(20) == 0 and quitting[0] == 0, "the newer version runs on the data", quitting[1])
    after = facts(folder)
    bare.tell(before == after and min(after.values()) > 0, f"everything is still there: {after}", f"before: {before}")
    status, output = bare.apt("install", f"/root/{older.name}")
    bare.tell(status != 0 and "downgrade" in output.lower(), f"apt refuses the older version over it (status {status})")


def facts(folder: Path) -> dict[str, int]:
    """Return how much the database of a data folder holds."""
    with closing(sqlite3.connect(folder / "spc.sqlite3")) as database:
        tables = ("product", "characteristic", "measurement", "point", "alert")
        return {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}  # noqa: S608


def try_session(bare: Bare) -> None:
    """Use it on a desktop and check what it brought for the system."""
    status, output = bare.apt("install", *SESSION)
    if not bare.tell(status == 0, "packages of the test's own desktop", output):
        return
    for file in (f"usr/share/applications/{NAME}.desktop", f"etc/xdg/autostart/{NAME}.desktop"):
        status, output = bare.run("desktop-file-validate", f"/{file}")
        bare.tell(status == 0, f"desktop-file-validate {file}", output)
    status, output = bare.run("systemd-analyze", "--man=no", "verify", "/usr/lib/systemd/user/spc-hub.service")
    wrong = [line for line in output.splitlines() if "spc-hub" in line]
    bare.tell(not wrong, f"systemd-analyze verify spc-hub.service (status {status})", output)
    shutil.copy(ROOT / "packaging" / "deb_session.py", bare.root / "opt")
    status, output = bare.run("python3", "/opt/deb_session.py", user=USER)
    print(output.strip(), flush=True)
    failed = len(re.findall(r"^FAILED", output, re.MULTILINE))
    bare.failures += failed if failed or status == 0 else 1  # 1: it ended before it could tell
    picture = bare.root / f"home/{USER}/window.png"
    if picture.is_file():
        shutil.copy(picture, BUILD / "test_deb.png")


def try_broken(bare: Bare) -> None:
    """A broken environment gets a sentence and a status of its own."""
    library = next((bare.root / "usr/lib").rglob("libEGL.so.1"))
    library.rename(library.with_name("hidden"))
    status, output = bare.run("env", "DISPLAY=:9", NAME, user=USER)
    library.with_name("hidden").rename(library)
    bare.tell(status == 7 and "apt install libegl1" in output, f"a missing library: {status}: {output.strip()[:140]}")
    places = {name: bare.root / f"home/{USER}/{name}" for name in ("locked", "newer", "small")}
    for place in places.values():
        place.mkdir()
    with closing(sqlite3.connect(places["newer"] / "spc.sqlite3")) as database, database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('9999')")
    bare.run("chown", "-R", f"{USER}:{USER}", f"/home/{USER}/newer")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=777", "tmpfs", str(places["small"])], check=True)
    subprocess.run(["dd", "if=/dev/zero", f"of={places['small']}/ballast", "bs=4k"], capture_output=True, check=False)
    wanted = {"locked": "cannot be written", "newer": "newer version", "small": "is full; make room"}
    for name, words in wanted.items():
        folder = f"/home/{USER}/{name}"
        status, output = bare.run(NAME, "hub", "--port", "0", "--data-dir", folder, user=USER)
        good = status == 3 and words in output and "Traceback" not in output
        bare.tell(good, f"{name}: {status}: {output.strip()[:140]}", output)
    subprocess.run(["umount", "-l", str(places["small"])], check=True)


def try_removal(bare: Bare) -> None:
    """Purge it while it runs: the program ends in order, the user's data stay, nothing else does."""
    command = [*bare.command(USER), NAME, "hub", "--port", "0"]
    with subprocess.Popen(command, env=bare.environment(USER), stdout=subprocess.PIPE, text=True) as hub:
        assert hub.stdout is not None  # noqa: S101 - PIPE
        hub.stdout.readline()
        status, output = bare.apt("purge", NAME)
        bare.tell(status == 0, "purges while the hub runs", output)
        if hub.poll() is None:
            hub.kill()
        bare.tell(hub.wait(20) == 0, "the running hub ended in order")
    bare.tell((bare.root / f"home/{USER}/.local/share/{NAME}/spc.sqlite3").is_file(), "the user's data are still there")
    left = sorted(bare.files())
    bare.tell(not left, "nothing else is left", "\n".join(left))


def main() -> None:
    """Try everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", nargs="?", type=Path, default=DIST / f"{NAME}_{version()}_amd64.deb")
    parser.add_argument("--from", dest="older", type=Path, help="an older package: build.py deb --as 0.0.9")
    options = parser.parse_args()
    package = options.package
    if not package.is_file():
        sys.exit(f"test_deb: there is no {package}; build it with: python3 packaging/build.py deb")
    if os.geteuid() != 0:
        sys.exit("test_deb: a bare Debian can only be made as root: sudo python3 packaging/test_deb.py")
    if shutil.which("debootstrap") is None:
        sys.exit("test_deb: debootstrap is missing: apt-get install debootstrap")
    with Bare() as bare:
        if options.older:
            try_upgrade(bare, options.older, package)
        try_bare(bare, package)
        try_session(bare)
        try_broken(bare)
        try_removal(bare)
    print(f"{'FAILED' if bare.failures else 'ok'}: {bare.failures} failures")
    sys.exit(1 if bare.failures else 0)


if __name__ == "__main__":
    main()
