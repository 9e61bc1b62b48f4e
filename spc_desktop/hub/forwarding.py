"""What a hub that follows asks the one that leads, and what that one answers: MessagePack of the structs of the API."""

import logging
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import Struct

from spc_desktop.domain.delivery import Delivery
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.hub.api import Actor
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.answers import ANSWERS

log = logging.getLogger(__name__)


class Submit(Struct, frozen=True, tag="submit"):
    items: tuple[MeasurementIn, ...]
    actor: Actor


class Carry(Struct, frozen=True, tag="command"):
    command: m.AnyCommand
    actor: Actor


class Ask(Struct, frozen=True, tag="query"):
    query: m.AnyQuery


class Keep(Struct, frozen=True, tag="keep"):
    kind: str
    bodies: dict[str, bytes | None]


class Log(Struct, frozen=True, tag="log"):
    rows: tuple[Delivery, ...]


class Ping(Struct, frozen=True, tag="ping"):
    """Are you there, and do you lead?"""


Question = Submit | Carry | Ask | Keep | Log | Ping


class _Answer(Struct, frozen=True):
    result: msgspec.Raw = msgspec.Raw(b"\xc0")
    code: str = ""
    params: dict[str, Any] = {}
    known: bool = False
    head: int = 0
    """Newest event when it was carried out: where it was asked, readers hear up to it before it is answered."""


class News(Struct, frozen=True):
    """What the hub that leads tells the others after a commit."""

    events: tuple[m.AnyEvent, ...] = ()
    accounts: bool = False
    """Users or tokens have changed."""


encode = msgspec.msgpack.Encoder(enc_hook=str).encode
"""Parameters of errors may be anything, for example paths."""
read_news = msgspec.msgpack.Decoder(News).decode
_read_question = msgspec.msgpack.Decoder(Question).decode
_read_answer = msgspec.msgpack.Decoder(_Answer).decode


async def answer(hub: Hub | None, question: bytes) -> bytes:
    """Let the hub carry out a question; None: this one does not lead (any more)."""
    try:
        asked: Question = _read_question(question)
        if hub is None:
            raise KnownError("not_leader")
        result = msgspec.Raw(encode(await carry_out(hub, asked)))
        return encode(_Answer(result=result, head=hub.state.head))
    except (UserError, KnownError) as refused:
        known = isinstance(refused, KnownError)
        return encode(_Answer(code=refused.code, params=refused.params, known=known))
    except Exception:  # boundary: a bug is written to the log here and told there
        log.exception("a question of another hub failed")
        return encode(_Answer(code="internal", known=True))


async def carry_out(hub: Hub, asked: Question) -> Any:
    if isinstance(asked, Submit):
        return await hub.submit(asked.items, asked.actor)
    if isinstance(asked, Carry):
        return await hub.command(asked.command, asked.actor)
    if isinstance(asked, Ask):
        return await hub.query(asked.query)
    if isinstance(asked, Keep):
        await hub.keep(asked.kind, asked.bodies)
    elif isinstance(asked, Log):
        await hub.log_deliveries(asked.rows)
    return None


def read_answer(asked: Question, body: bytes) -> tuple[Any, int]:
    """Return the result that a hub has answered with, and the newest event then.

    Raises:
        UserError, KnownError: as there.
    """
    found = _read_answer(body)
    if found.code:
        raise (KnownError if found.known else UserError)(found.code, **found.params)
    kind: Any = m.SubmitResult if isinstance(asked, Submit) else None
    if isinstance(asked, Carry | Ask):
        kind = ANSWERS[type(asked.command if isinstance(asked, Carry) else asked.query)]
    return msgspec.msgpack.decode(found.result, type=kind), found.head


def with_keys(items: tuple[MeasurementIn, ...]) -> tuple[MeasurementIn, ...]:
    """Return the items, each with a key: then it is harmless to send them again when an answer is lost."""
    if all(item.key for item in items):
        return items
    own = uuid4().hex
    return tuple(
        item if item.key else msgspec.structs.replace(item, key=f"{PASSED_ON}{own}/{at}")
        for at, item in enumerate(items)
    )


PASSED_ON = "hub/"
"""Begins the keys that hubs give."""


def passed_on(asked: Question) -> Question:
    """Return a question as it may be sent to another hub."""
    return Submit(with_keys(asked.items), asked.actor) if isinstance(asked, Submit) else asked


def is_repeatable(asked: Question) -> bool:
    """Return whether it changes nothing to ask this twice."""
    if isinstance(asked, Carry):
        return isinstance(asked.command, m.FloorCommand) and bool(getattr(asked.command, "key", ""))
    return not isinstance(asked, Log)
