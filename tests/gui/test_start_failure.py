"""What the window offers when the program cannot start."""

import asyncio
import errno
import socket
from pathlib import Path
from types import SimpleNamespace

import msgspec

from spc_desktop.app.failures import listen_failure
from spc_desktop.app.run_gui import _run_body
from spc_desktop.app.start import Start
from spc_desktop.settings.schema import Settings
from spc_desktop.ui.main_window import MainWindow
from tests.gui.conftest import until


async def test_that_a_taken_port_is_told_and_the_free_one_starts_the_program(qtbot):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        settings = Settings()
        settings = msgspec.structs.replace(settings, hub=msgspec.structs.replace(settings.hub, port=taken))
        window = MainWindow()
        qtbot.addWidget(window)
        start = Start(settings, Path("unused"), settings)
        stage = SimpleNamespace(start=start, window=window, stop=asyncio.Event(), status=0)
        tried = []

        async def body(stage):
            port = stage.start.settings.hub.port
            tried.append(port)
            try:
                socket.create_server(("127.0.0.1", port)).close()
            except OSError as error:
                raise listen_failure(OSError(errno.EADDRINUSE, "in use"), "127.0.0.1", port) from error

        running = asyncio.ensure_future(_run_body(stage, body))
        page = window.start_page
        await until(lambda: page.other_button.isVisibleTo(page))
        assert str(taken) in page.text.text()
        page.other_button.click()
        await asyncio.wait_for(running, 10)
    assert len(tried) == 2
    assert tried[1] != tried[0] == taken
    assert stage.status == 0
    assert stage.start.saved.hub.port == taken, "the offer holds for this time only"
