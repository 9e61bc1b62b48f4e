"""A long stretch of a chart, read page by page and put together."""

from collections.abc import Awaitable, Callable
from typing import Any

from spc_desktop.domain.point import PanelColumns, PointColumns
from spc_desktop.protocol import messages as m

PAGE_POINTS = 20_000
"""Points of one answer: about 2.5 MB of JSON for a chart with two panels."""


async def read_points(query: m.GetPoints, ask: Callable[[m.AnyQuery], Awaitable[Any]]) -> PointColumns:
    """Answer ``GetPoints`` with as many questions as it takes.

    The pages are read from the end backwards; points that are added meanwhile are not part of the answer.
    """
    pages: list[PointColumns] = []
    before, left = query.before, query.limit
    while True:
        part = m.GetPoints(characteristic_id=query.characteristic_id, before=before, limit=min(left, PAGE_POINTS))
        page: PointColumns = await ask(part)
        pages.append(page)
        left -= page.count
        before = page.first_index
        if left <= 0 or page.first_index <= 0 or not page.count:
            return pages[0] if len(pages) == 1 else _joined(pages[::-1])


def _joined(pages: list[PointColumns]) -> PointColumns:
    """Put pages together, oldest first. An empty page at the old end is left out."""
    pages = [page for page in pages if page.count]
    last = pages[-1]
    panels = tuple(
        PanelColumns(
            key=panel.key,
            value=b"".join(page.panels[number].value for page in pages),
            center=b"".join(page.panels[number].center for page in pages),
            lcl=b"".join(page.panels[number].lcl for page in pages),
            ucl=b"".join(page.panels[number].ucl for page in pages),
            sigma=b"".join(page.panels[number].sigma for page in pages),
        )
        for number, panel in enumerate(last.panels)
    )
    return PointColumns(
        characteristic_id=last.characteristic_id,
        first_index=pages[0].first_index,
        count=sum(page.count for page in pages),
        total=last.total,
        measured_at=b"".join(page.measured_at for page in pages),
        subgroup_number=b"".join(page.subgroup_number for page in pages),
        panels=panels,
        marks=tuple(mark for page in pages for mark in page.marks),
    )
