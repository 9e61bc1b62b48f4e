"""Somebody who has never seen the program gets a chart with a signal by one key, in either language."""

import json
import subprocess
import sys

import pytest

from spc_desktop.sources.plant_model import FIRST_FAULT
from tests.e2e.programs import ROOT

BUTTONS = {"ko": "예제 공장 시작", "en": "Start the sample plant"}


@pytest.mark.parametrize("language", sorted(BUTTONS))
def test_that_a_newcomer_reaches_a_chart_with_a_signal_by_one_key(tmp_path, language):
    command = [sys.executable, "-m", "tests.e2e.first_minute", str(tmp_path / "data"), language]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert "gave up" not in seen, (seen, done.stderr)
    assert seen["doors"]
    assert seen["texts"][0] == BUTTONS[language]
    assert seen["keys"] == 1
    assert seen["signal"] == FIRST_FAULT
    assert seen["bell"] >= 1
    assert seen["status"] == 0
