"""The commands of ``spc.v1`` that concern a connection, as the protocol's schema describes them.

``session`` reads them by hand, because its errors name what is allowed in each field.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from spc_desktop.protocol.codec import MAX_LIST, MAX_WHOLE

Whole = Annotated[int, Meta(ge=0, le=MAX_WHOLE)]
Everything = Literal["*"]
State = Literal["UNACK", "ACKED", "RTNUN", "NORM"]


class Subscription(Struct, kw_only=True):
    """What a client wants to hear; it gets the union of its subscriptions, each event once."""

    sub: Annotated[str, Meta(max_length=100)] = ""
    products: Everything | Annotated[list[Whole], Meta(max_length=MAX_LIST)] = "*"
    types: Everything | list[str] = field(
        default_factory=lambda: ["alert", "measurement", "capability", "run_rule_violation"]
    )
    min_priority: Annotated[int, Meta(ge=1, le=4)] = 1
    states: Everything | list[State] = "*"
    characteristics: Everything | Annotated[list[Whole | str], Meta(max_length=MAX_LIST)] = "*"
    """Codes concern every event of these characteristics, numbers ``points`` and ``limits`` only."""


class Position(Struct, kw_only=True):
    epoch: Annotated[str, Meta(max_length=100)]
    seq: Whole


class Connect(Struct, kw_only=True, tag_field="type", tag="connect"):
    """The first command. Without ``resume`` the hub goes on from what this ``client_id`` said it has received."""

    token: Annotated[str, Meta(max_length=200)] = ""
    client_id: Annotated[str, Meta(max_length=100)] = ""
    lang: Annotated[str, Meta(max_length=20)] = "ko"
    features: list[str] = []
    resume: Position | None = None
    subscriptions: list[Subscription] = []


class Subscribe(Subscription, kw_only=True, tag_field="type", tag="subscribe"):
    """Add a subscription, or replace the one with this name."""


class Unsubscribe(Struct, kw_only=True, tag_field="type", tag="unsubscribe"):
    sub: str


class Subscriptions(Struct, kw_only=True, tag_field="type", tag="subscriptions"):
    """Answer: name -> subscription."""


class Ping(Struct, kw_only=True, tag_field="type", tag="ping"):
    """Answer: ``{"ts"}``."""


class Received(Struct, kw_only=True, tag_field="type", tag="received"):
    """Everything up to ``seq`` has arrived. The only message without an id, and without an answer."""

    seq: Whole


class IngestItem(Struct, kw_only=True):
    """One value (``value``) or one subgroup (``values``)."""

    n: Whole | None = None
    product_id: int | None = None
    characteristic: str | int | None = None
    characteristic_id: int | None = None
    value: float | None = None
    values: list[float | str] | None = None
    subgroup_number: Whole | None = None
    sample_number: Whole | None = None
    size: float | None = None
    measured_at: str | None = None
    machine_id: str | None = None
    lot_number: str | None = None
    key: str | None = None
    part: str | None = None
    trace: dict[str, str] | None = None


class Ingest(Struct, kw_only=True, tag_field="type", tag="ingest"):
    """Measurements. What cannot be taken is named in the answer; the rest is stored."""

    source_id: Annotated[str, Meta(max_length=100)] = ""
    items: Annotated[list[IngestItem], Meta(min_length=1, max_length=MAX_LIST)]
    rows: bool = False


class WatchPresence(Struct, kw_only=True, tag_field="type", tag="presence"):
    """Answer: who is connected; with ``watch`` every change is told from then on."""

    watch: bool = True


class Silence(Struct, kw_only=True, tag_field="type", tag="silence"):
    """This client shows no toasts for so many minutes; 0 ends it. It still gets everything."""

    minutes: Annotated[int, Meta(ge=0, le=720)]


OWN = (Connect, Subscribe, Unsubscribe, Subscriptions, Ping, Received, Ingest, WatchPresence, Silence)
