"""Messages about announcing: what each person wants to be told of."""

from spc_desktop.domain.announcement import Preferences
from spc_desktop.protocol.bases import Command, Event, Query


class SavePreferences(Command, frozen=True, kw_only=True, tag="set_prefs"):
    """Say what the one who asks wants to be told of. Answer: ``Preferences`` as kept.

    ``prefs.revision`` is the one that was seen, 0 at first; ``UserError("preferences_changed")`` where another window of the
    same person was faster.
    """

    prefs: Preferences


class GetPreferences(Query, frozen=True, kw_only=True, tag="get_prefs"):
    """Answer: ``Preferences`` of the one who asks; those that hold at first where nothing was saved."""

    user: str = ""
    """Counts only for who needs no account: an account gets its own."""


class PreferencesEvent(Event, frozen=True, kw_only=True, tag="preferences"):
    """Somebody's preferences were saved; what they are is that one's own business."""

    user: str
    revision: int
