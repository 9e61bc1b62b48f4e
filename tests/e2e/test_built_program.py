"""The program as it is shipped: built by PyInstaller, then tried by its own smoke test."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_that_built_program_passes_its_smoke_test(tmp_path):
    build = [sys.executable, "-m", "PyInstaller", "-y", "--log-level", "WARN", "--distpath", str(tmp_path / "dist")]
    built = subprocess.run(
        [*build, "--workpath", str(tmp_path / "work"), str(ROOT / "packaging" / "spc-desktop.spec")],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=900,
    )
    assert built.returncode == 0, built.stderr[-3000:]
    program = next((tmp_path / "dist" / "spc-desktop").glob("spc-desktop*"))
    tried = subprocess.run(
        [sys.executable, str(ROOT / "packaging" / "smoke.py"), str(program)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        timeout=600,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr[-3000:]
