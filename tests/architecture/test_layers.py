"""What the parts may know of each other, checked on the real imports of real processes."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "spc_desktop"


def run_python(code, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_that_layers_are_kept():
    run_python("from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(no_cache=True))")


def test_that_every_package_is_placed_in_the_layers():
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    placed = {name.strip() for layer in rules[0]["layers"] for name in layer.split("|")}
    present = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    assert present - {"__init__"} == placed


def test_that_every_package_and_module_says_what_it_owns():
    silent = [
        str(path.relative_to(ROOT))
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.read_text(encoding="utf-8").lstrip().startswith(('"""', 'r"""'))
    ]
    assert silent == []


def test_that_hub_imports_no_qt():
    code = """
import sys
import spc_desktop.app.run_hub, spc_desktop.app.build, spc_desktop.app.run_import
print([name for name in sys.modules if name.startswith(("PySide6", "shiboken6", "pyqtgraph", "qasync"))])
"""
    assert run_python(code).strip() == "[]"


def test_that_version_is_told_without_importing_anything_heavy():
    code = """
import sys
from spc_desktop.app import cli
try:
    cli.run(["--version"])
except SystemExit:
    pass
heavy = ("numpy", "scipy", "sqlalchemy", "alembic", "PySide6", "pyqtgraph", "aiohttp", "websockets", "msgspec", "asyncio")
print([name for name in heavy if name in sys.modules])
"""
    assert run_python(code).splitlines()[-1] == "[]"


def test_that_hub_starts_without_scipy():
    code = """
import sys
import spc_desktop.app.run_hub, spc_desktop.app.build
print([name for name in sys.modules if name.split(".")[0] == "scipy"])
"""
    assert run_python(code).strip() == "[]"


def test_that_importing_has_no_side_effects():
    """Every module (but those of the window's library) is imported: no thread, no file, no signal handler, no output."""
    code = """
import importlib, os, pkgutil, signal, sys, threading
handlers = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
files = set(os.listdir("."))
import spc_desktop
for module in pkgutil.walk_packages(spc_desktop.__path__, "spc_desktop."):
    if "migrations" not in module.name:
        importlib.import_module(module.name)
from PySide6.QtCore import QCoreApplication
assert QCoreApplication.instance() is None
assert threading.active_count() == 1, threading.enumerate()
assert handlers == [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
assert set(os.listdir(".")) == files
"""
    assert run_python(code) == ""
