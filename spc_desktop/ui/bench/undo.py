"""What was done at a chart and can be taken back, newest last."""

from collections.abc import Awaitable, Callable

Back = Callable[[], Awaitable[None]]


class Undo:
    """Taking back is a command of its own: nothing that was stored is lost."""

    def __init__(self) -> None:
        self._done: list[Back] = []

    def __bool__(self) -> bool:
        return bool(self._done)

    def remember(self, back: Back) -> None:
        """Keep how to take back what was just done."""
        self._done.append(back)

    def forget(self) -> None:
        """Another chart is shown."""
        self._done.clear()

    async def back(self) -> bool:
        """Take back what was done last; False where there is nothing.

        Raises:
            UserError, KnownError: the hub refused or could not be reached; it can be tried again.
        """
        if not self._done:
            return False
        await self._done[-1]()
        self._done.pop()
        return True
