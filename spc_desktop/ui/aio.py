"""Coroutines started by widgets, and dialogs that are awaited: the only place of the window that creates tasks."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog

from spc_desktop.domain.errors import KnownError, UserError


@runtime_checkable
class ErrorPlace(Protocol):
    """A widget that shows expected failures where the user is looking."""

    def show_error(self, error: UserError | KnownError) -> None:
        """Word the error and show it beside what caused it."""
        ...


def spawn(owner: QObject, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Run a coroutine on behalf of a widget; it is cancelled when the widget is destroyed.

    An expected failure is shown by the nearest ``ErrorPlace`` among the owner and its parents. Everything else is a bug
    and goes to the loop's exception handler, the program's one reporter.
    """
    task = asyncio.get_running_loop().create_task(_guarded(owner, work))
    running = _running(owner)
    running.add(task)  # the loop itself keeps only weak references to tasks
    task.add_done_callback(running.discard)
    task.add_done_callback(lambda _task: work.close())  # cancelled before its first step, it was never awaited
    return task


def _running(owner: QObject) -> set[asyncio.Task[None]]:
    """Return the tasks of an owner; one connection for all of them, since a connection per task would pile up."""
    known: set[asyncio.Task[None]] | None = owner.__dict__.get("_spawned")
    if known is not None:
        return known
    running: set[asyncio.Task[None]] = set()
    owner.__dict__["_spawned"] = running
    owner.destroyed.connect(lambda: [task.cancel() for task in list(running)])
    return running


def cancel_spawned(owner: QObject) -> list[asyncio.Task[None]]:
    """Cancel what ``owner`` still runs and return the tasks, to be awaited by whoever ends the window."""
    tasks = list(owner.__dict__.get("_spawned", ()))
    for task in tasks:
        task.cancel()
    return tasks


async def _guarded(owner: QObject, work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except (UserError, KnownError) as error:
        place = _error_place(owner)
        if place is None:
            _report(error, work)
        else:
            place.show_error(error)
    except Exception as error:  # noqa: BLE001 - the boundary between the window and the loop
        _report(error, work)


def _error_place(owner: QObject) -> ErrorPlace | None:
    place: QObject | None = owner
    while place is not None:
        if isinstance(place, ErrorPlace):
            return place
        place = place.parent()
    return None


def _report(error: Exception, work: Coroutine[Any, Any, None]) -> None:
    asyncio.get_running_loop().call_exception_handler(
        {"message": f"unexpected failure in {getattr(work, '__qualname__', work)}", "exception": error}
    )


async def await_dialog(dialog: QDialog) -> int:
    """Open a dialog without a nested event loop and return its result (``QDialog.DialogCode``)."""
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def finished(result: int) -> None:
        if not answer.done():
            answer.set_result(result)

    dialog.finished.connect(finished)
    dialog.open()
    try:
        return await answer
    finally:
        dialog.close()
        dialog.deleteLater()
