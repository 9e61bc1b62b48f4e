"""A start in the background: hidden behind the tray, never out of reach."""

import asyncio
from types import SimpleNamespace

import pytest

from spc_desktop.app.run_gui import _show_without_tray


@pytest.mark.parametrize(("tray", "stopping", "shown"), [(False, False, 1), (True, False, 0), (False, True, 0)])
def test_that_window_comes_where_no_tray_came(tray, stopping, shown):
    stop, calls = asyncio.Event(), []
    if stopping:
        stop.set()
    window = SimpleNamespace(come_forward=lambda: calls.append(1))
    _show_without_tray(SimpleNamespace(stop=stop, window=window), SimpleNamespace(tray=SimpleNamespace(available=tray)))
    assert len(calls) == shown
