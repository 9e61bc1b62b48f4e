"""Users and tokens: the commands that change them, signing in, and the code that makes the first administrator."""

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from spc_desktop.domain.account import (
    LONGEST_NAME,
    Accounts,
    Role,
    Token,
    User,
    check_name,
    check_password,
    covers,
    digest_of,
)
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Actor
from spc_desktop.hub.audit import records_of
from spc_desktop.hub.draft import Draft
from spc_desktop.hub.passwords import Passwords
from spc_desktop.hub.ports import Document, Store
from spc_desktop.protocol import messages as m

SIGNED_IN = timedelta(hours=12)
"""A shift and its handing over."""
_USER, _TOKEN = "user", "token"
"""Kinds of the documents that the store keeps."""
_LABEL = 100
_MOST_DAYS = 3650
_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_TRIES = 10

Order = Callable[[Draft], Any]


class AccountOffice:
    """Turns account commands into orders for the queue. Passwords are hashed here; the queue sees hashes only."""

    def __init__(self) -> None:
        self._passwords = Passwords()
        self._code = ""
        self._tries = 0

    def new_code(self) -> str:
        """Return a new one-time code for ``SetUp``; one of before is worth nothing any more."""
        self._code = "-".join("".join(secrets.choice(_CODE_LETTERS) for _ in range(4)) for _ in range(3))
        self._tries = 0
        return self._code

    async def order(self, command: m.AccountCommand, accounts: Accounts, actor: Actor) -> Order:
        """Return the function that carries out a command and records it in the audit trail.

        Raises:
            UserError: ``unauthorized``, ``bad_password``, ``bad_user_name``.
        """
        if isinstance(command, m.SignIn | m.SetUp):
            actor = Actor(name=command.name[:LONGEST_NAME], client=actor.client)
        apply = await self._order(command, accounts)
        return partial(_recorded, actor, str(command.__struct_config__.tag), apply)

    async def _order(self, command: m.AccountCommand, accounts: Accounts) -> Order:
        if isinstance(command, m.SignIn):
            return await self._sign_in(command, accounts)
        if isinstance(command, m.SetUp):
            return await self._set_up(command)
        if isinstance(command, m.AddUser):
            name = check_name(command.name)
            return partial(_add_user, command, await self._hash(name, command.password) if command.password else "")
        if isinstance(command, m.SetPassword):
            return partial(_set_password, command.name, await self._hash(command.name, command.password))
        if isinstance(command, m.ChangeUser):
            return partial(_change_user, command)
        if isinstance(command, m.AddToken):
            return partial(_add_token, command)
        return partial(_revoke, command.token_id)

    async def _hash(self, name: str, password: str) -> str:
        check_password(name, password)
        return await self._passwords.hashed(password)

    async def _sign_in(self, command: m.SignIn, accounts: Accounts) -> Order:
        user = accounts.named(command.name)
        right = await self._passwords.fits(command.password, user.password_hash if user else "")
        if user is None or not right or not user.active:
            raise UserError("unauthorized")
        return partial(_signed_in, user.name, user.password_hash)

    async def _set_up(self, command: m.SetUp) -> Order:
        self._tries += 1
        same = hmac.compare_digest(command.code.strip().upper().encode(), self._code.encode())
        if not self._code or not same or self._tries > _CODE_TRIES:
            raise UserError("set_up_refused")
        name = check_name(command.name)
        password_hash = await self._hash(name, command.password)

        def first(draft: Draft) -> m.TokenMade:
            if draft.accounts.has_admin():
                raise UserError("set_up_refused")
            _add_user(m.AddUser(name=name, roles=(Role.ADMIN,)), password_hash, draft)
            self._code = ""
            return _signed_in(name, password_hash, draft)

        return first


def recorded(actor: Actor, action: str, apply: Order) -> Order:
    """Return the order with its record in the audit trail."""
    return partial(_recorded, actor, action, apply)


def add_station(
    name: str, roles: tuple[Role, ...], products: tuple[int, ...] | None, label: str, draft: Draft
) -> m.TokenMade:
    """Make the user of a station where there is none, and a token for it; an existing user keeps its rights."""
    if draft.accounts.named(name) is None:
        _add_user(m.AddUser(name=name, roles=roles, products=products), "", draft)
    user = _known(draft, name)
    if not user.active:
        raise UserError("unauthorized")
    wish = m.AddToken(user=user.name, label=label, products=products)
    return _new_token(draft, user, None, wish)


async def read_accounts(store: Store) -> Accounts:
    """Return the stored users and tokens."""
    users = [msgspec.json.decode(body, type=User) for body in (await store.documents(_USER)).values()]
    tokens = [msgspec.json.decode(body, type=Token) for body in (await store.documents(_TOKEN)).values()]
    return Accounts().with_changes(users, tokens)


def answer(query: m.GetUsers | m.GetTokens, accounts: Accounts) -> Any:
    """Answer a query about accounts; no hash leaves the hub."""
    if isinstance(query, m.GetUsers):
        return tuple(user_out(user) for _, user in sorted(accounts.users.items()))
    named = accounts.named(query.user) if query.user is not None else None
    wanted = [one for one in accounts.tokens.values() if query.user is None or (named and one.user == named.name)]
    return tuple(token_out(one) for one in sorted(wanted, key=lambda one: (one.created_at, one.id)))


def user_out(user: User) -> m.UserOut:
    return m.UserOut(
        name=user.name,
        roles=user.roles,
        products=user.products,
        active=user.active,
        language=user.language,
        has_password=bool(user.password_hash),
        created_at=user.created_at,
    )


def token_out(token: Token) -> m.TokenOut:
    return m.TokenOut(**{name: getattr(token, name) for name in m.TokenOut.__struct_fields__})


def _add_user(command: m.AddUser, password_hash: str, draft: Draft) -> m.UserOut:
    name = check_name(command.name)
    if draft.accounts.named(name) is not None:
        raise UserError("user_exists", name=name)
    user = User(
        name=name,
        password_hash=password_hash,
        roles=_roles(command.roles),
        products=_products(draft, command.products),
        language=command.language,
        created_at=draft.now,
    )
    _put(draft, user)
    return user_out(user)


def _change_user(command: m.ChangeUser, draft: Draft) -> m.UserOut:
    user = _known(draft, command.name)
    products = user.products
    if command.products is not None:
        listed = None if isinstance(command.products, str) else command.products
        products = _products(draft, listed)
    changed = msgspec.structs.replace(
        user,
        active=user.active if command.active is None else command.active,
        roles=user.roles if command.roles is None else _roles(command.roles),
        products=products,
        language=user.language if command.language is None else command.language,
    )
    is_admin = changed.active and Role.ADMIN in changed.roles
    if user.active and Role.ADMIN in user.roles and not is_admin and not draft.accounts.has_admin(without=user.name):
        raise UserError("last_admin", name=user.name)
    _put(draft, changed)
    return user_out(changed)


def _set_password(name: str, password_hash: str, draft: Draft) -> m.UserOut:
    changed = msgspec.structs.replace(_known(draft, name), password_hash=password_hash)
    _put(draft, changed)
    for token in draft.accounts.tokens.values():
        if token.user == changed.name and token.signed_in and token.revoked_at is None:
            _put(draft, msgspec.structs.replace(token, revoked_at=draft.now))
    return user_out(changed)


def _add_token(command: m.AddToken, draft: Draft) -> m.TokenMade:
    user = _known(draft, command.user)
    if len(command.label) > _LABEL:
        raise UserError("text_too_long", field="label", length=len(command.label), allowed=_LABEL)
    if command.days is not None and not 1 <= command.days <= _MOST_DAYS:
        raise UserError("token_days", got=command.days, high=_MOST_DAYS)
    beyond = [role for role in command.roles if not covers(user.roles, role)]
    if beyond:
        raise UserError("roles_beyond", name=user.name, roles=", ".join(beyond))
    until = None if command.days is None else draft.now + timedelta(days=command.days)
    return _new_token(draft, user, until, command)


def _signed_in(name: str, password_hash: str, draft: Draft) -> m.TokenMade:
    user = _known(draft, name)
    if user.password_hash != password_hash or not user.active:  # changed while the password was being checked
        raise UserError("unauthorized")
    return _new_token(draft, user, draft.now + SIGNED_IN, None)


def _new_token(draft: Draft, user: User, until: datetime | None, wish: m.AddToken | None) -> m.TokenMade:
    token_id = secrets.token_hex(4)
    while token_id in draft.accounts.tokens:
        token_id = secrets.token_hex(4)
    text = f"spc_{token_id}_{secrets.token_hex(32)}"
    token = Token(
        id=token_id,
        digest=digest_of(text),
        user=user.name,
        roles=() if wish is None else wish.roles,
        products=None if wish is None else _products(draft, wish.products),
        label="" if wish is None else wish.label,
        created_at=draft.now,
        expires_at=until,
        signed_in=wish is None,
    )
    _put(draft, token)
    return m.TokenMade(token=text, details=token_out(token))


def _revoke(token_id: str, draft: Draft) -> m.TokenOut:
    token = draft.accounts.tokens.get(token_id)
    if token is None:
        raise UserError("not_found", what="token", id=token_id[:40])
    if token.revoked_at is None:
        token = msgspec.structs.replace(token, revoked_at=draft.now)
        _put(draft, token)
    return token_out(token)


def _recorded(actor: Actor, action: str, apply: Order, draft: Draft) -> Any:
    old = draft.accounts
    answer = apply(draft)
    new = draft.accounts
    users = [name for name, user in new.users.items() if old.users.get(name) is not user]
    tokens = [key for key, token in new.tokens.items() if old.tokens.get(key) is not token]
    before, after = (
        {f"user {name}": _trail_of(of.users[name]) for name in users if name in of.users}
        | {f"token {key}": token_out(of.tokens[key]) for key in tokens if key in of.tokens}
        for of in (old, new)
    )
    draft.batch.audit.extend(records_of(action, actor, draft.now, before, after))
    return answer


def _trail_of(user: User) -> dict[str, Any]:
    """A user as the trail shows it: that the password is another one can be seen, not which."""
    mark = digest_of(user.password_hash)[:8] if user.password_hash else ""
    return {**msgspec.to_builtins(user_out(user)), "password_mark": mark}


def _put(draft: Draft, row: User | Token) -> None:
    """Store a new version of a user or token, and let the rest of the batch see it."""
    kind, key = (_USER, row.name) if isinstance(row, User) else (_TOKEN, row.id)
    draft.batch.documents.append(Document(kind, key, msgspec.json.encode(row)))
    users, tokens = ((row,), ()) if isinstance(row, User) else ((), (row,))
    draft.accounts = draft.accounts.with_changes(users, tokens)


def _known(draft: Draft, name: str) -> User:
    user = draft.accounts.named(name)
    if user is None:
        raise UserError("not_found", what="user", id=name[:64])
    return user


def _roles(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    if not roles:
        raise UserError("roles_empty", choices=", ".join(Role))
    return tuple(dict.fromkeys(roles))


def _products(draft: Draft, products: tuple[int, ...] | None) -> tuple[int, ...] | None:
    for product_id in products or ():
        draft.product(product_id)
    return None if products is None else tuple(sorted(set(products)))
