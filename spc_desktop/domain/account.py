"""Who may do what: users, their tokens, roles, product scopes, and the role that each command and query needs.

Pure: no clock, no randomness, no password hashing (``hub.accounts`` and ``hub.passwords``). What is not listed in
``NEEDED`` needs an administrator, so a new command is closed until somebody has thought about it.
"""

import hmac
import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct, field

from spc_desktop.domain.errors import UserError

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 256
LONGEST_NAME = 64
_TOKEN = re.compile(r"spc_([0-9a-z]{1,20})_([0-9a-f]{64})")
_NAME = re.compile(r"[\w.@+-]+(?: [\w.@+-]+)*")


class Role(StrEnum):
    """Rising rights; a device stands aside: it may send measurements and alerts, and read nothing."""

    DEVICE = "device"
    VIEWER = "viewer"
    OPERATOR = "operator"
    ENGINEER = "engineer"
    ADMIN = "admin"


_RANK = {Role.DEVICE: 0, Role.VIEWER: 1, Role.OPERATOR: 2, Role.ENGINEER: 3, Role.ADMIN: 4}

NEEDED: Mapping[str, Role | None] = {
    **dict.fromkeys(("connect", "ping", "received", "sign_in", "set_up", "unsubscribe", "subscriptions"), None),
    **dict.fromkeys(("request_pairing", "claim_pairing", "redeem_invitation"), None),
    **dict.fromkeys(
        ("subscribe", "get_catalogue", "get_alerts", "get_alert", "get_dashboard", "get_history", "get_masks"),
        Role.VIEWER,
    ),
    **dict.fromkeys(
        ("get_latest_data", "get_points", "get_point", "get_whole_points", "get_events", "get_capabilities", "kpi"),
        Role.VIEWER,
    ),
    **dict.fromkeys(("get_prefs", "set_prefs", "silence", "get_statistics", "report_told"), Role.VIEWER),
    **dict.fromkeys(
        ("get_rule_record", "get_register", "get_alert_history", "metrics", "get_notes", "get_due", "find_trace"),
        Role.VIEWER,
    ),
    **dict.fromkeys(("get_limits", "try_limits", "get_point_groups"), Role.VIEWER),
    **dict.fromkeys(("find_operator", "give_cause", "enter", "take_back", "add_comment", "record_skip"), Role.OPERATOR),
    "get_deliveries": Role.OPERATOR,
    **dict.fromkeys(("save_register", "get_connections", "exclude_points", "restore_points"), Role.ENGINEER),
    **dict.fromkeys(("retry_deliveries", "get_changes"), Role.ENGINEER),
    **dict.fromkeys(("ingest", "publish_alert"), Role.DEVICE),
    **dict.fromkeys(("ack", "shelve", "unshelve", "assign", "comment", "presence"), Role.OPERATOR),
    **dict.fromkeys(("unack", "resolve", "close", "verify", "update_alert", "suppress"), Role.ENGINEER),
    **dict.fromkeys(("out_of_service", "return_to_service", "save_catalogue"), Role.ENGINEER),
    **dict.fromkeys(("set_limits", "restore_limits", "analyse_capability"), Role.ENGINEER),
    **dict.fromkeys(("add_user", "change_user", "set_password", "add_token", "revoke_token"), Role.ADMIN),
    **dict.fromkeys(("get_users", "get_tokens", "get_audit", "get_pairings", "approve_pairing"), Role.ADMIN),
    "invite_station": Role.ADMIN,
}
"""Tag of a command or query -> role it needs at least; None: everybody who is let in."""


class User(Struct, frozen=True, kw_only=True):
    """A person or a device. ``password_hash`` empty: signs in with tokens only."""

    name: str
    password_hash: str = ""
    roles: tuple[Role, ...]
    products: tuple[int, ...] | None = None
    """Product ids it may see and touch; None: all."""
    active: bool = True
    language: str = ""
    created_at: datetime


class Token(Struct, frozen=True, kw_only=True):
    """A key of a user. Only the SHA-256 of the secret is kept."""

    id: str
    digest: str
    user: str
    roles: tuple[Role, ...] = ()
    """Fewer rights than the user's; empty: the user's."""
    products: tuple[int, ...] | None = None
    label: str = ""
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    signed_in: bool = False
    """Made by signing in with a password; ends when the password is changed."""


class Principal(Struct, frozen=True, kw_only=True):
    """Who a request comes from, and what that one may."""

    name: str = ""
    """Empty: nobody has said who it is."""
    roles: frozenset[Role] = frozenset()
    products: frozenset[int] | None = None
    token_id: str = ""
    language: str = ""

    def may(self, tag: str) -> bool:
        """Return whether the command or query with this tag is allowed."""
        return covers(self.roles, NEEDED.get(tag, Role.ADMIN))


ANONYMOUS = Principal(roles=frozenset({Role.DEVICE, Role.ENGINEER}))
"""Who sits at the station itself and has not said who he is: everything but the administration of accounts."""
CONSOLE = Principal(name="console", roles=frozenset({Role.ADMIN}))
"""Who can read the data folder."""


class Accounts(Struct, frozen=True):
    """All users and tokens at one moment; a change makes a new object."""

    users: dict[str, User] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)

    def with_changes(self, users: Collection[User], tokens: Collection[Token]) -> "Accounts":
        """Return the accounts with these rows added or replaced."""
        return Accounts(
            {**self.users, **{user.name: user for user in users}}, {**self.tokens, **{one.id: one for one in tokens}}
        )

    def named(self, name: str) -> User | None:
        """Return a user by name; capitals make no difference."""
        found = self.users.get(name)
        wanted = unicodedata.normalize("NFC", name).casefold()
        return found or next((user for user in self.users.values() if user.name.casefold() == wanted), None)

    def bearer(self, text: str, now: datetime) -> Principal | None:
        """Return who holds a token, or None: unknown, revoked, expired, or its user is switched off."""
        parts = _TOKEN.fullmatch(text)
        token = self.tokens.get(parts[1]) if parts else None
        digest = digest_of(text)
        # Compared even where there is nothing to compare with: the answer takes as long.
        same = hmac.compare_digest(digest, token.digest if token else digest_of(""))
        return self.holder(token.id, now) if token is not None and same else None

    def holder(self, token_id: str, now: datetime) -> Principal | None:
        """Return who a live token speaks for, or None when it is (no longer) valid."""
        token = self.tokens.get(token_id)
        user = self.users.get(token.user) if token else None
        if token is None or user is None or not user.active or token.revoked_at is not None:
            return None
        if token.expires_at is not None and now >= token.expires_at:
            return None
        roles = {role for role in token.roles if covers(user.roles, role)} if token.roles else set(user.roles)
        return Principal(
            name=user.name,
            roles=frozenset(roles),
            products=_common(user.products, token.products),
            token_id=token.id,
            language=user.language,
        )

    def has_admin(self, without: str = "") -> bool:
        """Return whether an active administrator exists, another than ``without``."""
        return any(user.active and Role.ADMIN in user.roles and user.name != without for user in self.users.values())


def covers(roles: Collection[Role], needed: Role | None) -> bool:
    """Return whether roles include a right. Operators and above may do what a device may; a device may do nothing else."""
    if needed is None:
        return True
    highest = max((_RANK[role] for role in roles), default=-1)
    if needed is Role.DEVICE:
        return Role.DEVICE in roles or highest >= _RANK[Role.OPERATOR]
    return highest >= _RANK[needed]


def digest_of(token: str) -> str:
    """Return the SHA-256 of a whole token as hexadecimal digits."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def check_name(name: str) -> str:
    """Return the name as it is kept.

    Raises:
        UserError: ``bad_user_name``.
    """
    text = unicodedata.normalize("NFC", name)
    if len(text) > LONGEST_NAME or not _NAME.fullmatch(text):
        raise UserError("bad_user_name", got=name[:LONGEST_NAME], high=LONGEST_NAME)
    return text


def check_password(name: str, password: str) -> None:
    """Refuse passwords that can be guessed at once.

    Raises:
        UserError: ``bad_password``.
    """
    long_enough = SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD
    if not long_enough or len(set(password)) < 4 or password.casefold() == name.casefold():
        raise UserError("bad_password", low=SHORTEST_PASSWORD, high=LONGEST_PASSWORD)


def _common(one: Collection[int] | None, other: Collection[int] | None) -> frozenset[int] | None:
    if one is None or other is None:
        rest = other if one is None else one
        return None if rest is None else frozenset(rest)
    return frozenset(one) & frozenset(other)
