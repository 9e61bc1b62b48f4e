"""Appends alerts until it is killed: ``python -m tests.integration.storage.writing_child FILE FIRST``.

Prints, after each commit, the ids and seqs that were answered: what the test holds against the file.
"""

import asyncio
import sys

from spc_desktop.storage.store import SqlStore
from tests.storage_rows import alert, alert_batch, plant, point

LANES = 8


async def main(file: str, first: int) -> None:
    async with SqlStore(file) as store:
        if first == 1:
            await store.append(plant())
        await asyncio.gather(*(lane(store, first + i) for i in range(LANES)))


async def lane(store: SqlStore, number: int) -> None:
    while True:
        batch = alert_batch([alert(number)])
        batch.points.append(point(number))
        (told,) = await store.append(batch)
        print(number, told.seq, flush=True)
        number += LANES


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
