"""Gives scipy of the built program the reference LAPACK (5 MB) instead of its second copy of OpenBLAS (25 MB). Linux only.

numpy brings OpenBLAS with 64-bit integers, scipy another one with 32-bit integers; only numpy's is used for large matrices.
Every function that scipy's libraries ask for is linked from Debian's static LAPACK and BLAS (BSD licence) under the name
that scipy gives it, so nothing is missing. Needs gcc, liblapack-dev and libblas-dev; without them OpenBLAS stays.
"""

import re
import shutil
import subprocess
from pathlib import Path

ARCHIVES = ("liblapack_pic.a", "blas/libblas.a")
PLACES = (Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/lib"))
PREFIX = "scipy_"


def archives() -> list[Path]:
    """Return the static libraries, or nothing when one or the compiler is not here."""
    found = [next((place / name for place in PLACES if (place / name).is_file()), None) for name in ARCHIVES]
    here = [file for file in found if file is not None]
    return here if len(here) == len(ARCHIVES) and all(map(shutil.which, ("gcc", "nm", "ld"))) else []


def shrink(internal: Path, work: Path) -> bool:
    """Replace scipy's OpenBLAS in the folder of the built program; say whether it was done.

    Raises:
        subprocess.CalledProcessError: something that scipy needs is in neither library; the build must not go on.
    """
    libraries = internal / "scipy.libs"
    target = next(libraries.glob("libscipy_openblas-*.so*"), None)
    fortran = fortran_of(internal)
    if target is None or fortran is None or not archives():
        return False
    wanted = sorted({name for file in (internal / "scipy").rglob("*.so") for name in undefined(file)})
    work.mkdir(parents=True, exist_ok=True)
    script = work / "lapack.map"
    script.write_text("{ global:\n" + "".join(f"{name};\n" for name in wanted) + "local: *; };\n", encoding="ascii")
    lines = [f"-Wl,-u,{name.removeprefix(PREFIX)} -Wl,--defsym={name}={name.removeprefix(PREFIX)}\n" for name in wanted]
    (work / "lapack.args").write_text("".join(lines), encoding="ascii")
    made = work / target.name
    command = ["gcc", "-shared", "-o", made, f"-Wl,-soname,{target.name}", f"-Wl,--version-script={script}"]
    rest = ["-Wl,--gc-sections,-s,-z,defs,-rpath,$ORIGIN", f"@{work / 'lapack.args'}", *archives(), fortran, "-lm"]
    subprocess.run([*command, *rest], check=True)
    shutil.copyfile(made, target)
    _forget_unused(internal)
    return True


def _forget_unused(internal: Path) -> None:
    """Remove what only OpenBLAS asked for, and what only that asked for."""
    libraries = internal / "scipy.libs"
    asked = {name for file in (internal / "scipy").rglob("*.so") for name in needed(file)}
    while more := {name for file in libraries.iterdir() if file.name in asked for name in needed(file)} - asked:
        asked |= more
    for file in libraries.iterdir():
        if file.name not in asked:
            file.unlink()


def fortran_of(internal: Path) -> Path | None:
    """Return the Fortran runtime that scipy's own libraries need anyway."""
    names = {name for file in (internal / "scipy").rglob("*.so") for name in needed(file)}
    return next((file for file in (internal / "scipy.libs").glob("libgfortran*") if file.name in names), None)


def undefined(file: Path) -> set[str]:
    """Return the functions of BLAS and LAPACK that a library asks for."""
    text = subprocess.run(["nm", "-D", "--undefined-only", file], capture_output=True, text=True, check=True).stdout
    return set(re.findall(rf"U ({PREFIX}\w+)", text))


def needed(file: Path) -> set[str]:
    """Return the names of the libraries that a library loads."""
    text = subprocess.run(["objdump", "-p", file], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"NEEDED\s+(\S+)", text))
