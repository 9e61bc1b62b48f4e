"""What every test gets: no real screen, no leaked task, no unexpected error in the log, no file outside its own folder."""

import asyncio
import inspect
import logging
import os
from contextlib import ExitStack

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTHONUTF8", "1")


def pytest_collection_modifyitems(items):
    """Coroutine tests are watched for tasks they leave behind."""
    for item in items:
        if inspect.iscoroutinefunction(getattr(item, "function", None)):
            item.add_marker(pytest.mark.usefixtures("_no_leaked_tasks"))


@pytest.fixture
async def _no_leaked_tasks():
    before = asyncio.all_tasks()
    yield
    for _ in range(20):
        leaked = {task for task in asyncio.all_tasks() - before if not task.done()} - {asyncio.current_task()}
        if not leaked:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"tasks left behind: {sorted(task.get_name() for task in leaked)}")


class _Errors(logging.Handler):
    def __init__(self):
        super().__init__(logging.ERROR)
        self.lines = []

    def emit(self, record):
        if record.name.startswith(("spc_desktop", "asyncio", "qasync")):
            self.lines.append(self.format(record))


@pytest.fixture(autouse=True)
def _no_unexpected_errors(request):
    """An error in the log fails the test, unless the test looks at the log itself (asks for ``caplog``)."""
    handler = _Errors()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)
    if handler.lines and "caplog" not in request.fixturenames:
        pytest.fail("errors in the log:\n" + "\n".join(handler.lines))


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory, monkeypatch):
    """A test that forgets to name a data folder must not find the user's."""
    folder = str(tmp_path_factory.getbasetemp() / "user")
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, folder)


@pytest.fixture(scope="session")
def postgres_database():
    """A function that makes a fresh database and returns its URL; skips, with the reason, where there is no server."""
    from tests import postgres

    with ExitStack() as ending:
        try:
            make = ending.enter_context(postgres.server())
        except RuntimeError as reason:
            pytest.skip(str(reason))
        yield make


@pytest.fixture(scope="session")
def redis_of_session():
    """A Redis server for all tests: streams of different databases are apart."""
    from tests import redis

    with ExitStack() as ending:
        try:
            running = ending.enter_context(redis.server())
        except RuntimeError as reason:
            pytest.skip(str(reason))
        yield running


@pytest.fixture
def redis_server():
    """A Redis server; skips, with the reason, where there is none."""
    from tests import redis

    with ExitStack() as ending:
        try:
            running = ending.enter_context(redis.server())
        except RuntimeError as reason:
            pytest.skip(str(reason))
        yield running
