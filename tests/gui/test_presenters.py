"""Toasts are shown by the first way that works, and none is lost when a way fails."""

import asyncio

import pytest

from spc_desktop.ui.presenters import MAX_OWN, Chain, DesktopPresenter, OwnPresenter, Toast, TrayPresenter
from tests.gui.conftest import Recorder, until


def toast(title="Bore — beyond control limit", opened=None, acknowledged=None):
    opened, acknowledged = opened if opened is not None else [], acknowledged if acknowledged is not None else []
    return Toast(
        title=title,
        body="10.80 <UCL 10.60>",
        urgent=False,
        open=lambda: opened.append(title),
        acknowledge=lambda: acknowledged.append(title),
    )


class Broken:
    name = "broken"

    def __init__(self):
        self.asked = 0

    async def present(self, toast):
        self.asked += 1
        raise OSError("class not registered")

    async def close(self):
        pass


async def test_that_a_way_that_fails_is_left_and_its_toast_shown_by_the_next(qtbot):
    broken, recorder = Broken(), Recorder()
    chain = Chain([broken, recorder])
    await chain.present(toast("one"))
    await chain.present(toast("two"))
    assert [shown.title for shown in recorder.toasts] == ["one", "two"]
    assert broken.asked == 1
    assert chain.current == "recorder"


async def test_that_toasts_that_fail_at_the_same_time_skip_no_way(qtbot):
    class SlowlyBroken(Broken):
        async def present(self, toast):
            await asyncio.sleep(0.01)
            raise OSError("gone")

    second, third = Recorder(name="second"), Recorder(name="third")
    chain = Chain([SlowlyBroken(), second, third])
    await asyncio.gather(chain.present(toast("one")), chain.present(toast("two")))
    assert sorted(shown.title for shown in second.toasts) == ["one", "two"]
    assert chain.current == "second"


async def test_that_without_service_and_tray_our_own_window_shows_the_toast(qtbot, look, monkeypatch):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
    own = OwnPresenter()
    chain = Chain([DesktopPresenter(), TrayPresenter(lambda: None), own])
    opened = []
    await chain.present(toast(opened=opened))
    (window,) = own.windows
    assert window.isVisible()
    assert "beyond control limit" in window.accessibleName()
    window.open_button.click()
    assert opened
    await until(lambda: not own.windows)
    await chain.close()


async def test_that_own_toasts_stand_above_each_other_and_make_room(qtbot, look):
    own = OwnPresenter()
    for number in range(MAX_OWN + 2):
        await own.present(toast(str(number)))
    await asyncio.sleep(0)
    assert len(own.windows) == MAX_OWN
    places = [window.y() for window in own.windows]
    assert places == sorted(places)
    assert len(set(places)) == MAX_OWN
    await own.close()
    assert own.windows == []


async def test_that_the_last_way_reports_its_failure():
    with pytest.raises(OSError, match="not registered"):
        await Chain([Broken()]).present(toast())
