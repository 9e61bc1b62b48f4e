"""Commands: wishes to change something, answered with a result after the commit, and what they answer with."""

from datetime import datetime

from msgspec import Struct, field

from spc_desktop.domain.account import Role
from spc_desktop.domain.alert import Alert, AlertType, Priority, Status
from spc_desktop.domain.control_plan import ControlPlan
from spc_desktop.domain.masks import Mask
from spc_desktop.domain.measurement import Measurement
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.protocol.announcing import ReportTold, RetryDeliveries, SavePreferences
from spc_desktop.protocol.bases import Command
from spc_desktop.protocol.bench import RestoreLimits
from spc_desktop.protocol.floor import FloorCommand, GiveCause, SaveRegister


class CreateAlert(Command, frozen=True, kw_only=True, tag="publish_alert"):
    """Raise an alert that comes from no chart. While one with its ``dedup_key`` is open, that one counts up instead."""

    product_id: int
    alert_type: AlertType
    priority: Priority = Priority.MEDIUM
    title: str
    message: str
    dedup_key: str = ""


class AlertFilter(Struct, frozen=True, kw_only=True):
    """Which open alerts are meant; what is None does not narrow it."""

    product_id: int | None = None
    characteristic_id: int | None = None
    alert_type: AlertType | None = None
    priority: Priority | None = None


class Acknowledge(Command, frozen=True, kw_only=True, tag="ack"):
    """Say that somebody has seen them: by id, by the key of an alarm (or the beginning of keys), or all that match.

    One id is refused with its error. Of several each is done or refused for itself; ``AlertResult.results`` tells which.
    """

    alert_ids: tuple[int, ...] = ()
    key: str = ""
    filter: AlertFilter | None = None
    comment: str = ""
    rev: int | None = None


class Assign(Command, frozen=True, kw_only=True, tag="assign"):
    alert_id: int
    to: str
    rev: int | None = None


class Resolve(Command, frozen=True, kw_only=True, tag="resolve"):
    alert_id: int
    resolution_notes: str = ""
    root_cause: str = ""
    corrective_action: str = ""
    preventive_action: str = ""
    verify_points: int = 0
    """Watch so many points in control: then the corrective action is effective; the same condition again: it is not."""
    rev: int | None = None


class Unacknowledge(Command, frozen=True, kw_only=True, tag="unack"):
    """Take an acknowledgement back."""

    alert_id: int
    comment: str = ""
    rev: int | None = None


class Comment(Command, frozen=True, kw_only=True, tag="comment"):
    """Write something down beside an alert, also beside one that has ended."""

    alert_id: int
    text: str
    rev: int | None = None


class Close(Command, frozen=True, kw_only=True, tag="close"):
    """Put an alert away for good."""

    alert_id: int
    comment: str = ""
    rev: int | None = None


class Verify(Command, frozen=True, kw_only=True, tag="verify"):
    """State whether the corrective action of an ended alert has helped."""

    alert_id: int
    effective: bool
    comment: str = ""
    rev: int | None = None


class Shelve(Command, frozen=True, kw_only=True, tag="shelve"):
    """Do not announce an alarm for a time. It is named by an alert, or by its key or the beginning of keys."""

    alert_id: int | None = None
    key: str = ""
    minutes: int
    """1 to 720."""
    reason: str
    one_shot: bool = False
    """End also when the alarm returns to normal."""


class Unshelve(Command, frozen=True, kw_only=True, tag="unshelve"):
    """End a shelf."""

    alert_id: int | None = None
    key: str = ""


class Suppress(Command, frozen=True, kw_only=True, tag="suppress"):
    """Do not announce alarms that mean nothing at present: line stopped, gauge out of calibration."""

    alert_id: int | None = None
    key: str = ""
    product_id: int | None = None
    cause: str


class OutOfService(Command, frozen=True, kw_only=True, tag="out_of_service"):
    """Take alarms out of service for maintenance, until they are returned."""

    alert_id: int | None = None
    key: str = ""
    product_id: int | None = None
    reason: str


class ReturnToService(Command, frozen=True, kw_only=True, tag="return_to_service"):
    """End a suppression and a taking out of service of exactly this alarm, beginning of keys or product."""

    alert_id: int | None = None
    key: str = ""
    product_id: int | None = None


class UpdateAlert(Command, frozen=True, kw_only=True, tag="update_alert"):
    """PATCH of the original: only the fields given change."""

    alert_id: int
    status: Status | None = None
    priority: Priority | None = None
    title: str | None = None
    message: str | None = None
    assigned_to: str | None = None
    rev: int | None = None


class SaveCatalogue(Command, frozen=True, kw_only=True, tag="save_catalogue"):
    """Add or replace entries by code (product) and product + code (characteristic); id 0 asks for a new id.

    A characteristic of a product that is saved in the same command refers to it by ``product_id`` 0 and the position of
    the product in ``owners``. Result: ``Catalogue`` of what was saved.
    """

    products: tuple[Product, ...] = ()
    characteristics: tuple[Characteristic, ...] = ()
    owners: tuple[str, ...] = ()
    """Product code of each characteristic."""
    plans: tuple[ControlPlan, ...] = ()
    """Plan of each characteristic of this command, in the same order (its ``characteristic_id`` is filled in)."""
    seen_products: tuple[Product | None, ...] = ()
    """What each product was when the change was thought of, None: not there; where it is something else by now, nothing is
    changed (``catalogue_conflict``, ``code_taken``). Empty: whatever it is."""
    seen_characteristics: tuple[Characteristic | None, ...] = ()
    seen_plans: tuple[ControlPlan | None, ...] = ()
    reason: str = ""


class SetLimits(Command, frozen=True, kw_only=True, tag="set_limits"):
    """Freeze limits from the points ``baseline`` (the last 10 000 when empty), leaving out ``exclusions``.

    They judge from the next point on. ``exclusions`` maps chart position -> reason; the points are marked.
    """

    characteristic_id: int
    baseline: tuple[int, ...] = ()
    exclusions: dict[int, str] = field(default_factory=dict)
    reason: str = ""


class AnalyseCapability(Command, frozen=True, kw_only=True, tag="analyse_capability"):
    """Compute Cp, Cpk, Pp, Ppk of the last ``points`` chart points (all when 0) and store the analysis."""

    characteristic_id: int
    points: int = 0


# -- accounts: passwords and tokens never go into an event, an answer or a log -----------------------------------------


class AddUser(Command, frozen=True, kw_only=True, tag="add_user"):
    """Add a person or a device. Without a password it has tokens only. Answer: ``UserOut``."""

    name: str
    password: str = ""
    roles: tuple[Role, ...]
    products: tuple[int, ...] | None = None
    language: str = ""


class ChangeUser(Command, frozen=True, kw_only=True, tag="change_user"):
    """Change what is given; ``active`` false ends its sessions. Answer: ``UserOut``."""

    name: str
    active: bool | None = None
    roles: tuple[Role, ...] | None = None
    products: tuple[int, ...] | str | None = None
    """``"*"``: all."""
    language: str | None = None


class SetPassword(Command, frozen=True, kw_only=True, tag="set_password"):
    """Give a new password; ends what was signed in with the old one. Answer: ``UserOut``."""

    name: str
    password: str


class AddToken(Command, frozen=True, kw_only=True, tag="add_token"):
    """Make a token for a user, with the user's rights or fewer. Answer: ``TokenMade``, the only time its text is told."""

    user: str
    label: str = ""
    roles: tuple[Role, ...] = ()
    products: tuple[int, ...] | None = None
    days: int | None = None
    """It expires after so many days; None: never."""


class RevokeToken(Command, frozen=True, kw_only=True, tag="revoke_token"):
    """End a token and its sessions. Answer: ``TokenOut``."""

    token_id: str


class SignIn(Command, frozen=True, kw_only=True, tag="sign_in"):
    """Get a token for a name and a password. Answer: ``TokenMade``. Raises ``UserError("unauthorized")``."""

    name: str
    password: str


class SetUp(Command, frozen=True, kw_only=True, tag="set_up"):
    """Make the first administrator with the code that the hub printed. Answer: ``TokenMade``."""

    code: str
    name: str
    password: str


class RequestPairing(Command, frozen=True, kw_only=True, tag="request_pairing"):
    """A station that nobody knows asks to be let in and shows a code. Answer: ``PairingMade``."""

    name: str = ""


class ClaimPairing(Command, frozen=True, kw_only=True, tag="claim_pairing"):
    """That station asks for its token. Answer: ``PairingClaimed``. Raises ``not_found`` when the code has expired."""

    secret: str


class ApprovePairing(Command, frozen=True, kw_only=True, tag="approve_pairing"):
    """Let the station in that shows a code, as a user of this name (made where there is none). Answer: ``TokenOut``."""

    code: str
    name: str
    roles: tuple[Role, ...] = ()
    products: tuple[int, ...] | None = None


class InviteStation(Command, frozen=True, kw_only=True, tag="invite_station"):
    """Make a code, good once, for a station that gets a user of this name. Answer: ``InvitationMade``."""

    name: str
    roles: tuple[Role, ...] = ()
    products: tuple[int, ...] | None = None


class RedeemInvitation(Command, frozen=True, kw_only=True, tag="redeem_invitation"):
    """A station that nobody knows brings such a code. Answer: ``PairingClaimed``. Raises ``invitation_unknown``."""

    code: str
    name: str = ""


class InvitationMade(Struct, frozen=True, kw_only=True):
    code: str
    """Told once; the hub keeps a digest."""
    name: str
    expires_at: datetime


class PairingMade(Struct, frozen=True, kw_only=True):
    code: str
    """Shown by the station and told to an administrator."""
    secret: str
    """Known to the station alone."""
    expires_at: datetime


class PairingClaimed(Struct, frozen=True, kw_only=True):
    token: str = ""
    """Empty: nobody has approved it yet. Told once."""
    user: str = ""


class PairingOut(Struct, frozen=True, kw_only=True):
    """A station that waits."""

    code: str
    name: str
    address: str
    asked_at: datetime
    expires_at: datetime


class UserOut(Struct, frozen=True, kw_only=True):
    name: str
    roles: tuple[Role, ...]
    products: tuple[int, ...] | None
    active: bool
    language: str
    has_password: bool
    created_at: datetime


class TokenOut(Struct, frozen=True, kw_only=True):
    id: str
    user: str
    label: str
    roles: tuple[Role, ...]
    """Empty: the user's."""
    products: tuple[int, ...] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class TokenMade(Struct, frozen=True, kw_only=True):
    token: str
    details: TokenOut


PairingCommand = RequestPairing | ClaimPairing | ApprovePairing | InviteStation | RedeemInvitation
AccountCommand = AddUser | ChangeUser | SetPassword | AddToken | RevokeToken | SignIn | SetUp

MaskCommand = Shelve | Unshelve | Suppress | OutOfService | ReturnToService

AnyCommand = (
    CreateAlert
    | Acknowledge
    | Unacknowledge
    | Assign
    | Comment
    | Resolve
    | Close
    | Verify
    | UpdateAlert
    | MaskCommand
    | SaveCatalogue
    | SetLimits
    | RestoreLimits
    | AnalyseCapability
    | AccountCommand
    | PairingCommand
    | SaveRegister
    | GiveCause
    | FloorCommand
    | SavePreferences
    | ReportTold
    | RetryDeliveries
)


class Rejected(Struct, frozen=True, kw_only=True):
    i: int
    code: str
    params: dict[str, str] = field(default_factory=dict)


class SubmitResult(Struct, frozen=True, kw_only=True):
    """Answer to ``submit``; everything accepted is stored when it arrives."""

    accepted: int
    duplicates: int
    rejected: tuple[Rejected, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    """The stored rows of the accepted items, in order."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one alert of a command about several; ``code``: why it was refused."""

    id: int
    ok: bool = True
    code: str = ""


class AlertResult(Struct, frozen=True, kw_only=True):
    """Answer to every alert command: the rows as they are now."""

    alerts: tuple[Alert, ...]
    results: tuple[Outcome, ...] = ()
    """Answer to an ``ack`` of several."""
    masks: tuple[Mask, ...] = ()
    """Answer to a command about masks: those of this scope that hold now."""
