"""The set-up script: what it says where it may not install, and that it sets nothing up twice."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "packaging" / "bootstrap.py"


@pytest.fixture
def bootstrap():
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_that_script_needs_nothing_but_the_standard_library():
    imported = set()
    for node in ast.walk(ast.parse(SCRIPT.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported <= sys.stdlib_module_names


def test_that_line_to_run_is_printed_where_installing_is_not_allowed(bootstrap, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "privilege", lambda: None)
    assert not bootstrap.install(["libegl1", "fonts-nanum"], "the window")
    printed = capsys.readouterr().out
    assert "sudo apt-get update && sudo apt-get install -y --no-install-recommends libegl1 fonts-nanum" in printed


def test_that_nothing_is_installed_when_nothing_is_missing(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap, "privilege", lambda: pytest.fail("asked for privileges"))
    assert bootstrap.install([], "the window")


def test_that_missing_library_is_named_by_its_package(bootstrap, monkeypatch):
    monkeypatch.setitem(bootstrap.QT_LIBRARIES, "libnot_there_at_all.so.9", "libnot-there9")
    assert "libnot-there9" in bootstrap.missing_libraries()


def test_that_ready_environment_is_left_as_it_is(bootstrap, monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(bootstrap, "runs", lambda command: True)
    done = subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda command, check: calls.append(command) or done)
    bootstrap.prepare_environment()
    bootstrap.prepare_environment()
    assert len(calls) == 1


@pytest.mark.parametrize("arguments", [[], ["walk"], ["--help"]])
def test_that_wrong_action_prints_the_two_commands(arguments):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, encoding="utf-8", check=False, timeout=60
    )
    assert done.returncode == 1
    assert "bootstrap.py run" in done.stderr
    assert "bootstrap.py test" in done.stderr
