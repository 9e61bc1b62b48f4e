"""Notes: what people (and the sampling clock) write down beside the points of a characteristic."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from spc_desktop.domain.errors import UserError

LONGEST_NOTE = 4_000


class NoteKind(StrEnum):
    COMMENT = "comment"
    EXCLUDED = "excluded"
    RESTORED = "restored"
    TAKEN_BACK = "taken_back"
    """The operator took a subgroup back; its points are excluded."""
    REMEASURED = "remeasured"
    """A value was doubted and measured again: ``data`` has both."""
    DEFECTS = "defects"
    """``data``: code -> count of the defects of an attribute sample."""
    SKIPPED = "skipped"
    """A sample that was due was left out, with the reason."""
    MISSED = "missed"
    """A sample was due and nobody took it."""


class Note(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One note. ``key``: the same key again changes nothing."""

    id: int
    characteristic_id: int
    point_index: int | None = None
    kind: NoteKind
    at: datetime
    by: str = ""
    text: str = ""
    due_at: datetime | None = None
    """Of a sample that was skipped or missed."""
    data: dict[str, Any] = field(default_factory=dict)
    key: str = ""


def check_text(text: str) -> str:
    """Return a note's text as it is kept.

    Raises:
        UserError: ``comment_empty``, ``text_too_long``.
    """
    kept = text.strip()
    if not kept:
        raise UserError("comment_empty")
    if len(kept) > LONGEST_NOTE:
        raise UserError("text_too_long", field="text", length=len(kept), allowed=LONGEST_NOTE)
    return kept
