"""Messages of the set-up: what was changed before, by whom and why."""

from spc_desktop.protocol.bases import Query

CHANGEABLE = frozenset(
    {
        "product",
        "characteristic",
        "plan",
        "limits",
        "reaction_plan",
        "cause",
        "defect",
        "sampling",
        "calendar",
        "plausibility",
        "entry_rule",
        "scan",
    }
)
"""First words of the objects that this is told of; people and their rights are not among them."""


class GetChanges(Query, frozen=True, kw_only=True, tag="get_changes"):
    """What the audit trail has of some things of the set-up, newest first. Answer: ``tuple[AuditEntry, ...]``."""

    objects: tuple[str, ...]
    """As the trail names them: ``product P1``, ``characteristic 3``, ``plan 3``, ``calendar plant``."""
    before_seq: int | None = None
    limit: int = 50


def told(query: GetChanges) -> tuple[str, ...]:
    """Return the objects of a query that it may tell of."""
    return tuple(name for name in query.objects if name.split(" ", 1)[0] in CHANGEABLE)
