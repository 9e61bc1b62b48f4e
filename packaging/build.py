#!/usr/bin/env python3
"""Builds the packages: ``python3 packaging/build.py deb|tar|windows|all``. Needs only Python 3.11 or newer; outputs in dist/.

On Linux ``windows`` is built under Wine (``wine.py``), on Windows by its own Python; ``all`` is what the system itself can use.
Makes ``.venv`` where there is none (``bootstrap.py``) and says which system program is missing. ``--no-freeze`` packs the
program that lies in dist/ already; ``--as 0.0.9`` builds the same source as another version, to try upgrades with.
"""

import argparse
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import bootstrap
import lapack
import sign
import wine
from bootstrap import PYTHON, ROOT, say

DIST, BUILD = ROOT / "dist", ROOT / "build"
PROGRAM = DIST / "spc-desktop"
PARTS = ROOT / "packaging" / "linux"
WINDOWS_PROGRAM = DIST / "windows" / "spc-desktop"
NSIS = Path(r"C:\Program Files (x86)\NSIS\makensis.exe")
NAME = "spc-desktop"
ARCHITECTURE = "amd64"


def version() -> str:
    """Return the version of the program; it stands in one place."""
    text = (ROOT / "spc_desktop" / "version.py").read_text(encoding="utf-8")
    return re.findall(r'__version__ = "([^"]+)"', text)[0]


def need(*programs: str) -> None:
    """Install the Debian packages of missing programs, or end with the line that does."""
    packages = {"strip": "binutils", "objdump": "binutils", "dpkg-deb": "dpkg", "xz": "xz-utils"}
    missing = sorted({packages[name] for name in programs if shutil.which(name) is None})
    if missing and (shutil.which("apt-get") is None or not bootstrap.install(missing, "the package")):
        sys.exit(f"build: these programs are missing: {' '.join(name for name in programs if not shutil.which(name))}")


def freeze() -> None:
    """Run PyInstaller into dist/spc-desktop."""
    if not sys.platform.startswith("linux"):
        sys.exit("build: the Linux packages are built on Linux")
    need("strip", "objdump")
    if not lapack.archives() and shutil.which("apt-get"):
        bootstrap.install(["gcc", "liblapack-dev", "libblas-dev"], "the small LAPACK")
    bootstrap.prepare_system(testing=False)
    bootstrap.prepare_environment()
    say("PyInstaller collects the program (a minute)")
    command = [str(PYTHON), "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"]
    folders = ["--distpath", str(DIST), "--workpath", str(BUILD)]
    if subprocess.run(
        [*command, *folders, str(ROOT / "packaging" / "spc-desktop.spec")], cwd=ROOT, check=False
    ).returncode:
        sys.exit("build: PyInstaller failed; its messages are above")


# -- what the system has to bring --------------------------------------------------------------------------------------


def needed_libraries() -> set[str]:
    """Return the sonames that the built program loads and does not bring."""
    files = [file for file in PROGRAM.rglob("*") if ".so" in file.name or file == PROGRAM / NAME]
    bring = {file.name for file in files}
    needed: set[str] = set()
    for file in files:
        if not file.is_symlink():
            text = subprocess.run(["objdump", "-p", str(file)], capture_output=True, text=True, check=False).stdout
            needed.update(re.findall(r"NEEDED\s+(\S+)", text))
    return needed - bring


def glibc() -> str:
    """Return the newest version of the C library that any file of the program asks for."""
    found = {0}
    for file in PROGRAM.rglob("*"):
        if file.is_file() and not file.is_symlink() and (".so" in file.name or file == PROGRAM / NAME):
            found.update(int(number) for number in re.findall(rb"GLIBC_2\.(\d+)", file.read_bytes()))
    return f"2.{max(found)}"


def depends() -> list[str]:
    """Return the Depends of the .deb: who owns each needed library on this Debian, and a Korean font.

    Debian 13 and Ubuntu 24.04 renamed some packages (``...t64``); they still provide the old name.
    """
    packages = {"libc6"}
    for library in needed_libraries():
        owner = subprocess.run(["dpkg", "-S", f"*/{library}"], capture_output=True, text=True, check=False).stdout
        names = re.findall(rf"^([\w.+-]+):{ARCHITECTURE}: ", owner, re.MULTILINE)
        if not names:
            sys.exit(f"build: no installed package owns {library}, so the Depends cannot be told")
        packages.update(names[:1])
    fixed = [f"libc6 (>= {glibc()})" if name == "libc6" else name for name in sorted(packages)]
    return [*fixed, "fonts-nanum | fonts-noto-cjk"]


# -- the packages ------------------------------------------------------------------------------------------------------


def place(text: str, target: Path, mode: int = 0o644) -> None:
    """Write a text file of a package with the rights it shall have."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    target.chmod(mode)


def share(folder: Path) -> None:
    """Fill ``share/``: menu entry, icons, manual page."""
    place((PARTS / "spc-desktop.desktop").read_text(encoding="utf-8"), folder / "applications" / f"{NAME}.desktop")
    drawing = ROOT / "resources" / "icons" / "app.svg"
    script = ROOT / "packaging" / "artwork.py"
    subprocess.run([str(PYTHON), str(script), str(drawing), str(folder / "icons" / "hicolor")], check=True)
    manual = folder / "man" / "man1" / f"{NAME}.1.gz"
    manual.parent.mkdir(parents=True)
    manual.write_bytes(gzip.compress((PARTS / f"{NAME}.1").read_bytes(), mtime=0))


def fresh(folder: Path) -> Path:
    """Return an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def make_deb(fast: bool) -> Path:
    """Pack the .deb: /opt/spc-desktop, a link in /usr/bin, menu, icons, manual, autostart (off), a unit for the user's hub."""
    need("dpkg-deb", "objdump", "xz")
    tree = fresh(BUILD / "deb")
    shutil.copytree(PROGRAM, tree / "opt" / NAME, symlinks=True)
    share(tree / "usr" / "share")
    (tree / "usr" / "bin").mkdir()
    (tree / "usr" / "bin" / NAME).symlink_to(f"/opt/{NAME}/{NAME}")
    place((PARTS / "autostart.desktop").read_text(encoding="utf-8"), tree / "etc/xdg/autostart" / f"{NAME}.desktop")
    place((PARTS / "spc-hub.service").read_text(encoding="utf-8"), tree / "usr/lib/systemd/user/spc-hub.service")
    document = tree / "usr/share/doc" / NAME
    place((ROOT / "LICENSE").read_text(encoding="utf-8"), document / "copyright")
    log = (ROOT / "CHANGELOG.md").read_bytes()
    (document / "changelog.gz").write_bytes(gzip.compress(log, mtime=0))
    size = sum(file.lstat().st_size for file in tree.rglob("*") if not file.is_dir()) // 1024
    fields = {
        "Package": NAME, "Version": version(), "Architecture": ARCHITECTURE, "Section": "math", "Priority": "optional",
        "Maintainer": "SPC Desktop <spc-desktop@localhost>", "Installed-Size": str(size), "Depends": ", ".join(depends()),
        "Recommends": "notification-daemon", "Description": (PARTS / "description.txt").read_text(encoding="utf-8").rstrip(),
    }  # fmt: skip
    place("".join(f"{key}: {value}\n" for key, value in fields.items()), tree / "DEBIAN" / "control")
    place(f"/etc/xdg/autostart/{NAME}.desktop\n", tree / "DEBIAN" / "conffiles")
    place((PARTS / "prerm").read_text(encoding="utf-8"), tree / "DEBIAN" / "prerm", 0o755)
    for folder in (tree, *(path for path in tree.rglob("*") if path.is_dir() and not path.is_symlink())):
        folder.chmod(0o755)
    target = DIST / f"{NAME}_{version()}_{ARCHITECTURE}.deb"
    say(f"packing {target.name} (minutes: xz)")
    pressed = ["-Zgzip", "-z1"] if fast else ["-Zxz", "-z9"]
    subprocess.run(["dpkg-deb", "--root-owner-group", *pressed, "--build", str(tree), str(target)], check=True)
    return target


def make_tar(fast: bool) -> Path:
    """Pack the .tar.xz: the folder, ``share/`` and a note on how to install it."""
    need("objdump", "xz")
    tree = fresh(BUILD / "tar")
    shutil.copytree(PROGRAM, tree / NAME, symlinks=True)
    share(tree / NAME / "share")
    place((PARTS / "spc-hub.service").read_text(encoding="utf-8"), tree / NAME / "share/systemd/user/spc-hub.service")
    note = (PARTS / "INSTALL.txt").read_text(encoding="utf-8")
    words = {"@VERSION@": version(), "@GLIBC@": glibc(), "@DEPENDS@": ", ".join(depends())}
    for mark, word in words.items():
        note = note.replace(mark, word)
    place(note, tree / NAME / "INSTALL.txt")
    target = DIST / f"{NAME}-{version()}-linux-x86_64.tar.xz"
    say(f"packing {target.name} (minutes: xz)")
    owner = ["--owner=0", "--group=0", "--sort=name"]
    environment = {**os.environ, "XZ_OPT": "-0" if fast else "-9"}
    subprocess.run(["tar", "-C", str(tree), *owner, "-cJf", str(target), NAME], check=True, env=environment)
    return target


# -- Windows -----------------------------------------------------------------------------------------------------------


def freeze_windows() -> None:
    """Run PyInstaller into dist/windows/spc-desktop: under Wine, or by the Python of this Windows."""
    script, folders = ROOT / "packaging" / "spc-desktop.spec", (DIST / "windows", BUILD / "windows")
    options = ("-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR")
    say("PyInstaller collects the program for Windows (minutes)")
    if os.name == "nt":
        bootstrap.prepare_environment()
        command = [PYTHON, *options, "--distpath", folders[0], "--workpath", folders[1], script]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            sys.exit("build: PyInstaller failed; its messages are above")
        return
    path = wine.windows_path
    arguments = (*options, "--distpath", path(folders[0]), "--workpath", path(folders[1]), path(script))
    done = wine.run(wine.WINDOWS_PYTHON / "python.exe", *arguments)
    if done.returncode:
        sys.exit(f"build: PyInstaller failed under Wine:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")


def make_setup(fast: bool) -> Path:
    """Pack the setup: sign the programs where a certificate is configured, compress, sign the setup."""
    drawing, icon = ROOT / "resources" / "icons" / "app.svg", BUILD / f"{NAME}.ico"
    draw = "import artwork, sys; from pathlib import Path; a, b, c = map(Path, sys.argv[1:]);"
    draw += "artwork.write_ico(a, b); c.write_bytes(artwork.render(a, 128))"
    picture = WINDOWS_PROGRAM / f"{NAME}.png"
    subprocess.run([PYTHON, "-c", draw, drawing, icon, picture], cwd=ROOT / "packaging", check=True)
    sign.sign(sorted(WINDOWS_PROGRAM.glob("*.exe")))
    target = DIST / f"{NAME}-{version()}-setup.exe"
    facts = {"VERSION": version(), "SOURCE": WINDOWS_PROGRAM, "ICON": icon, "OUTPUT": target}
    if os.name != "nt":
        facts["TARGET"] = "amd64-unicode"  # Debian's NSIS has the 64-bit stubs that a 64-bit Wine can run
    words = [f"-D{key}={value}" for key, value in facts.items()] + (["-DFAST"] if fast else [])
    say(f"packing {target.name} (minutes: lzma)")
    tool = str(NSIS) if os.name == "nt" else "makensis"
    subprocess.run([tool, "-V2", *words, str(ROOT / "packaging" / "setup.nsi")], check=True)
    sign.sign([target])
    return target


# -- another version -----------------------------------------------------------------------------------------------------


def as_version(other: str, what: str) -> list[Path]:
    """Build the same source as another version, quickly packed, from a copy of it; return what was made, in dist/."""
    copy = fresh(BUILD / f"as-{other}")
    parts = ("spc_desktop", "packaging", "resources", "tests/data/golden")
    for part in parts:
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / part, copy)
    place(f'"""The version of the program."""\n\n__version__ = "{other}"\n', copy / "spc_desktop" / "version.py")
    (copy / "build").mkdir()
    for part in (".venv", "build/wine"):  # made once
        if (ROOT / part).exists():
            (copy / part).symlink_to(ROOT / part, target_is_directory=True)
    subprocess.run([sys.executable, str(copy / "packaging" / "build.py"), what, "--fast"], check=True)
    made = [file for file in (copy / "dist").glob(f"{NAME}*") if file.suffix in {".deb", ".xz", ".exe"}]
    DIST.mkdir(exist_ok=True)
    return [Path(shutil.copy(file, DIST)) for file in made]


# -- all ---------------------------------------------------------------------------------------------------------------


def windows(options: argparse.Namespace) -> list[Path]:
    """Build the setup."""
    if os.name != "nt":
        wine.prepare()
    if not options.no_freeze:
        freeze_windows()
    elif not (WINDOWS_PROGRAM / f"{NAME}.exe").is_file():
        sys.exit(f"build: there is no {WINDOWS_PROGRAM}; leave out --no-freeze")
    return [make_setup(options.fast)]


def linux(options: argparse.Namespace) -> list[Path]:
    """Build the .deb, the .tar.xz or both."""
    if not options.no_freeze:
        freeze()
    elif not (PROGRAM / NAME).is_file():
        sys.exit(f"build: there is no {PROGRAM / NAME}; leave out --no-freeze")
    makers = (("deb", make_deb), ("tar", make_tar))
    return [make(options.fast) for kind, make in makers if options.what in {kind, "all"}]


def main() -> None:
    """Build what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("deb", "tar", "windows", "all"))
    parser.add_argument("--no-freeze", action="store_true", help="pack the program that is in dist/ already")
    parser.add_argument("--fast", action="store_true", help="pack quickly and larger, for trying")
    parser.add_argument(
        "--as", dest="other", metavar="VERSION", help="build it as another version, to try upgrades with"
    )
    options = parser.parse_args()
    if options.other:
        print(*as_version(options.other, options.what), sep="\n")
        return
    made = windows(options) if options.what == "windows" or os.name == "nt" else linux(options)
    for file in made:
        mark = hashlib.sha256(file.read_bytes()).hexdigest()
        file.with_name(file.name + ".sha256").write_text(f"{mark}  {file.name}\n", encoding="ascii")
        print(f"{file.stat().st_size / 2**20:7.1f} MB  {file.relative_to(ROOT)}  sha256 {mark}")


if __name__ == "__main__":
    main()
