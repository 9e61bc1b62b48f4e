"""The program on a real X desktop with a window manager, a tray and a notification daemon."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = ("Xvfb", "dbus-daemon", "dbus-monitor", "openbox", "xfce4-panel", "xdotool", "import")


def session_script():
    given = os.environ.get("SPC_DESKTOP_SESSION")
    return Path(given) if given else ROOT.parent / "shared" / "tools" / "desktop_session.sh"


def missing():
    if not session_script().exists():
        return "no desktop_session.sh (set SPC_DESKTOP_SESSION)"
    absent = [name for name in NEEDED if shutil.which(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


def run_in_session(environment, *arguments):
    return subprocess.run(
        [session_script(), "-s", "1400x900x24", "-T", "200", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=260,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.xsession
@pytest.mark.skipif(bool(missing()), reason=missing() or "all there")
@pytest.mark.parametrize("language", ["ko", "en"])
def test_that_a_toast_is_seen_opens_its_chart_and_the_window_lives_in_the_tray(tmp_path, language):
    environment = {name: value for name, value in os.environ.items() if name != "QT_QPA_PLATFORM"}
    environment |= {"SESSION_UI": language, "PYTHONPATH": str(ROOT)}
    done = run_in_session(environment, "-o", tmp_path, "--", sys.executable, "-m", "tests.gui.xsession_driver")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    toast = seen.pop("toast")[0]
    assert toast["args"][0] == "SPC Desktop"
    assert toast["actions"][1::2] == (["열기", "확인"] if language == "ko" else ["Open", "Acknowledge"])
    everything = ("window", "clicked", "opened", "hidden", "stays_hidden", "alive", "tray", "back")
    assert seen == dict.fromkeys(everything, True) | {"status": 0}, (tmp_path / "program.log").read_text()


@pytest.mark.slow
@pytest.mark.xsession
@pytest.mark.skipif(bool(missing()), reason=missing() or "all there")
def test_that_operators_need_no_more_keys_and_clicks_on_a_real_desktop(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
    asked = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/gui/test_entry_page.py"]
    asked += ["-o", "qt_log_ignore=dbus reply error"]  # the session has no desktop portal
    done = run_in_session(environment, "-o", tmp_path, "-n", "none", "--", *asked)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
