"""Unpacks what the program needs on Windows: ``.venv/bin/python packaging/wheels.py FOLDER``. For the build under Wine only.

pip would ask for what *this* system needs (D-Bus) and leave out what Windows does, so the requirements are followed here, each
judged as Windows would. ``pip download`` gets the wheels; they stay in ``FOLDER/../wheels`` for the next time.
"""

import subprocess
import sys
import tomllib
import zipfile
from email.parser import HeaderParser
from pathlib import Path

from pip._vendor.packaging.markers import default_environment
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).resolve().parent.parent
WINDOWS = {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"}


def wanted_here(requirement: Requirement) -> bool:
    """Say whether Windows needs it; extras are none of ours."""
    environment = {**default_environment(), **WINDOWS, "platform_release": "10", "extra": ""}
    return requirement.marker is None or bool(requirement.marker.evaluate(environment))  # type: ignore[arg-type]


def download(requirements: list[Requirement], folder: Path) -> None:
    """Get one wheel for each; wheels that are there and fit are not asked for again."""
    plain = [f"{one.name}{one.specifier}" for one in requirements]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    options = ["--no-deps", "--platform", "win_amd64", "--python-version", version, "--only-binary=:all:"]
    pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "-d", str(folder)]
    done = subprocess.run([*pip, *options, *plain], stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"wheels: pip could not get {' '.join(plain)}:\n{done.stderr[-2000:]}")


def requirements_of(wheel: Path) -> list[Requirement]:
    """Return what a wheel needs on Windows."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(entry for entry in archive.namelist() if entry.endswith(".dist-info/METADATA"))
        facts = HeaderParser().parsestr(archive.read(name).decode("utf-8"))
    return [one for line in facts.get_all("Requires-Dist", []) if wanted_here(one := Requirement(line))]


def newest(folder: Path, requirement: Requirement) -> Path:
    """Return the newest wheel of the folder that fits."""
    found = []
    for wheel in folder.glob("*.whl"):
        name, version, _, _ = parse_wheel_filename(wheel.name)
        if name == canonicalize_name(requirement.name) and requirement.specifier.contains(version, prereleases=True):
            found.append((version, wheel))
    return max(found)[1]


def main() -> None:
    """Follow the requirements of the project and of PyInstaller, and unpack all."""
    target = Path(sys.argv[1])
    folder = target.parent / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tools = [line for line in project["optional-dependencies"]["dev"] if line.startswith("pyinstaller")]
    level = [one for line in (*project["dependencies"], *tools) if wanted_here(one := Requirement(line))]
    known: dict[str, Path] = {}
    while level := [one for one in level if canonicalize_name(one.name) not in known]:
        download(level, folder)
        wheels = {canonicalize_name(one.name): newest(folder, one) for one in level}
        known.update(wheels)
        level = [one for wheel in wheels.values() for one in requirements_of(wheel)]
    for wheel in known.values():
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
    print(f"{len(known)} packages for Windows")


if __name__ == "__main__":
    main()
