"""The supervisor: the only place below the window that starts tasks, and the one that ends them."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.ports import Clock

log = logging.getLogger(__name__)

FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
# A task that ran this long had recovered: its next failure begins with the first delay again.
RECOVERED_AFTER = 60.0


class TaskState(Struct, frozen=True, kw_only=True):
    """What the window shows of a restartable task."""

    name: str
    running: bool
    code: str = ""
    """Why it stopped: the code of its error, or ``"bug"``."""
    params: dict[str, str] = {}
    restarts: int = 0
    retry_at: datetime | None = None


class Supervisor:
    """Owns every task of a hub.

    ``spawn`` starts a task that runs once; an essential one that fails sets ``failure`` and wakes ``failed``. ``keep``
    restarts its task with a growing, jittered delay, and reports each change to ``on_state``.
    """

    def __init__(self, clock: Clock, on_state: Callable[[TaskState], None] | None = None) -> None:
        self._clock = clock
        self._on_state = on_state
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failed = asyncio.Event()
        self._stopping = False
        self.failure: BaseException | None = None

    def spawn(self, name: str, coro: Coroutine[Any, Any, Any], *, essential: bool = False) -> asyncio.Task[Any]:
        """Start a task. Its failure is logged with its traceback; the failure of an essential task ends the hub."""
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(done, essential))
        return task

    def keep(self, name: str, factory: Callable[[], Coroutine[Any, Any, Any]]) -> asyncio.Task[Any]:
        """Run ``factory()`` until it returns; whenever it fails, run it again later."""
        return self.spawn(name, self._keep(name, factory))

    def runs(self, name: str) -> bool:
        """Tell whether a task of this name goes on."""
        return any(task.get_name() == name and not task.done() for task in self._tasks)

    def end(self, name: str) -> None:
        """Cancel the tasks of this name."""
        for task in self._tasks:
            if task.get_name() == name:
                task.cancel()

    async def failed(self) -> BaseException:
        """Wait until an essential task has failed and return why."""
        await self._failed.wait()
        if self.failure is None:
            raise RuntimeError("failure without a reason")
        return self.failure

    async def stop(self, deadline: float, spare: asyncio.Task[Any] | None = None) -> list[str]:
        """Cancel what still runs, ``spare`` excepted, and wait at most ``deadline`` seconds.

        Returns the names of tasks that did not end.
        """
        self._stopping = True
        tasks = [task for task in self._tasks if task not in {spare, asyncio.current_task()}]
        for task in tasks:
            task.cancel()
        if not tasks:
            return []
        _, late = await asyncio.wait(tasks, timeout=deadline)
        for task in late:
            log.warning("task %s did not end in %s s", task.get_name(), deadline)
        return sorted(task.get_name() for task in late)

    def _ended(self, task: asyncio.Task[Any], essential: bool) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("task %s failed", task.get_name(), exc_info=error)
        if essential and not self._stopping and (error is not None or task.cancelled()):
            self.failure = error or asyncio.CancelledError(task.get_name())
            self._failed.set()

    async def _keep(self, name: str, factory: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        restarts, delay = 0, FIRST_DELAY
        while True:
            began = self._clock.monotonic()
            self._report(TaskState(name=name, running=True, restarts=restarts))
            try:
                await factory()
            except (KnownError, UserError) as error:
                code, params = error.code, {key: str(value) for key, value in error.params.items()}
                log.warning("%s stopped: %s", name, error)
            except Exception as error:  # boundary: a bug in one source must not end the hub
                code, params = "bug", {"error": repr(error)}
                log.exception("%s failed", name)
            else:
                self._report(TaskState(name=name, running=False, restarts=restarts))
                return
            if self._clock.monotonic() - began >= RECOVERED_AFTER:
                delay = FIRST_DELAY
            wait = delay * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
            delay = min(delay * 2, LONGEST_DELAY)
            restarts += 1
            retry_at = self._clock.now() + timedelta(seconds=wait)
            self._report(
                TaskState(name=name, running=False, code=code, params=params, restarts=restarts, retry_at=retry_at)
            )
            await asyncio.sleep(wait)

    def _report(self, state: TaskState) -> None:
        if self._on_state is not None:
            self._on_state(state)
