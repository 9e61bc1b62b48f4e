"""One line of the hub's table, and waiting for what another program does."""

import asyncio
from typing import NamedTuple


class Line(NamedTuple):
    what: str
    measured: str
    ratio: str
    must: str
    reached: bool

    def text(self):
        """Return it as it is printed."""
        verdict = "reached" if self.reached else "MISSED"
        return f"{self.what:<42} {self.measured:<58} {self.ratio:>10}  must {self.must:<22} {verdict}"


async def until(condition, seconds=60.0, pause=0.05):
    """Wait until something is so, for so long at most; return whether it came."""
    end = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > end:
            return False
        await asyncio.sleep(pause)
    return True
