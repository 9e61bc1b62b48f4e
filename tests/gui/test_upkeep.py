"""Manners of an installed program in the window: reports of earlier runs, logs as one file, start with the session."""

import sys
import zipfile

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit

from spc_desktop.app.start import Start
from spc_desktop.app.upkeep import OwnUpkeep
from spc_desktop.settings.schema import Settings
from spc_desktop.ui.main_window import MainWindow
from spc_desktop.ui.upkeep import UpkeepMenu
from tests.gui.conftest import until

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="would write into the registry of whoever runs the tests"
)


@pytest.fixture
def upkeep(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "data"
    (folder / "logs").mkdir(parents=True)
    (folder / "logs" / "spc-desktop.log").write_text("a line", encoding="utf-8")
    return OwnUpkeep(Start(Settings(), folder, Settings()), folder / "logs", ("viewer", "https://hub:8000"))


@pytest.fixture
def window(qtbot, look):
    window = MainWindow()
    qtbot.addWidget(window)
    window.show()
    return window


def crash(upkeep):
    (upkeep.log_dir / "crash-20260101-120000-abc.txt").write_text("Fatal Python error", encoding="utf-8")


def action(window, text):
    return next(each for name, each in window.offered() if name == text)


async def save_as(target):
    """Wait for the question where, and answer it."""
    await until(
        lambda: any(isinstance(each, QFileDialog) for each in QApplication.topLevelWidgets() if each.isVisible())
    )
    dialog = next(each for each in QApplication.topLevelWidgets() if isinstance(each, QFileDialog) and each.isVisible())
    dialog.findChild(QLineEdit, "fileNameEdit").setText(str(target))
    dialog.accept()


async def test_that_a_report_of_an_earlier_run_is_offered_and_saved_as_one_file(window, upkeep, look, tmp_path):
    crash(upkeep)
    UpkeepMenu(window, upkeep)
    assert window.notice.isVisible()
    assert "no measurements and no settings" in window.notice.text
    look[1].apply("ko")
    await until(lambda: "예기치 않은 오류" in window.notice.text)
    assert window.notice.action.text() == "보고서 저장…"
    window.notice.action.click()
    await save_as(tmp_path / "sent.zip")
    await until(lambda: not window.notice.isVisible())
    with zipfile.ZipFile(tmp_path / "sent.zip") as archive:
        assert {"system.txt", "logs/spc-desktop.log", "logs/crash-20260101-120000-abc.txt"} <= set(archive.namelist())
    assert upkeep.reports() == []


async def test_that_a_report_that_is_waved_away_does_not_come_again(window, upkeep, qtbot):
    crash(upkeep)
    UpkeepMenu(window, upkeep)
    window.notice.findChild(type(window.notice._close)).click()
    assert not window.notice.isVisible()
    assert upkeep.reports() == []
    second = MainWindow()
    qtbot.addWidget(second)
    UpkeepMenu(second, upkeep)
    assert not second.notice.isVisibleTo(second)


async def test_that_a_file_that_cannot_be_written_is_told_and_the_report_stays(window, upkeep, tmp_path):
    crash(upkeep)
    UpkeepMenu(window, upkeep)
    (tmp_path / "taken.zip").mkdir()
    menu = window.findChild(UpkeepMenu)
    menu._upkeep = Refusing(upkeep, tmp_path / "taken.zip")
    action(window, "Save logs and error reports…").trigger()
    await save_as(tmp_path / "sent.zip")
    await until(lambda: "could not be written" in window.messages.text)
    assert window.notice.isVisible()
    assert len(upkeep.reports()) == 1


class Refusing:
    """Writes to a place that takes no file."""

    def __init__(self, upkeep, target):
        self._upkeep, self._target = upkeep, target

    def save_logs(self, target):
        self._upkeep.save_logs(self._target)


async def test_that_the_start_with_the_session_is_switched_in_the_menu(window, upkeep, tmp_path):
    before = action(window, "Start in the tray when I log in")
    assert not before.isEnabled(), "nobody answers it yet"
    UpkeepMenu(window, upkeep)
    assert before.isEnabled()
    assert not before.isChecked()
    before.trigger()
    entry = tmp_path / "config" / "autostart" / "spc-desktop.desktop"
    words = entry.read_text(encoding="utf-8")
    assert f'viewer" "https://hub:8000" "--data-dir" "{upkeep.start.data_dir}" --background' in words
    assert before.isChecked()
    assert "tray when you log in" in window.messages.text
    before.trigger()
    assert "Hidden=true" in entry.read_text(encoding="utf-8")
    assert not before.isChecked()


async def test_that_an_entry_that_cannot_be_written_is_told(window, upkeep, tmp_path):
    (tmp_path / "config").write_text("a file", encoding="utf-8")
    UpkeepMenu(window, upkeep)
    entry = action(window, "Start in the tray when I log in")
    entry.trigger()
    assert "could not be changed" in window.messages.text
    assert not entry.isChecked()


def test_that_ticking_an_entry_of_a_menu_says_so(window):
    heard = []
    window.touch_requested.connect(heard.append)
    for _ in range(2):
        action(window, "Large buttons for touch").trigger()
    assert heard == [True, False]
