"""One characteristic on the wall: its newest points and how it stands, as a kind with a glyph and a sentence."""

from collections.abc import Iterable
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from spc_desktop.domain.alert import OPEN, Alert, AlertType, Status
from spc_desktop.domain.product import Characteristic
from spc_desktop.domain.register import SamplingPlan
from spc_desktop.hub.api import AWAY
from spc_desktop.i18n import _, marked
from spc_desktop.protocol import messages as m
from spc_desktop.ui.charts.words import number, rule_digit
from spc_desktop.ui.models.alerts import title_of
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.station import Station
from spc_desktop.ui.wall.tails import Tail

INTERVALS = 2
"""After so many intervals without a point a tile looks frozen."""
SHORTEST = 10.0
"""Seconds that a tile is never called frozen before: batches come in bursts."""


class Kind(IntEnum):
    """How a characteristic stands, the worst first."""

    SPEC = 0
    RULE = 1
    SILENT = 2
    OVERDUE = 3
    HANDLED = 4
    EMPTY = 5
    CONTROL = 6


GLYPH = {
    Kind.SPEC: "◆",
    Kind.RULE: "■",
    Kind.SILENT: "⌀",
    Kind.OVERDUE: "⏱",
    Kind.HANDLED: "✎",
    Kind.EMPTY: "…",
    Kind.CONTROL: "✓",
}


NAMES = {
    Kind.SPEC: marked("Out of specification"),
    Kind.RULE: marked("Rule violated"),
    Kind.SILENT: marked("Silent"),
    Kind.OVERDUE: marked("Overdue"),
    Kind.HANDLED: marked("Being handled"),
    Kind.EMPTY: marked("No points yet"),
    Kind.CONTROL: marked("In control"),
}


class Standing(NamedTuple):
    """What a tile says at one moment."""

    kind: Kind
    text: str
    frozen: str = ""
    """Why nothing new is shown, where the tile looks frozen."""
    open: int = 0
    """Open alerts."""


NOTHING = Standing(Kind.EMPTY, "")


class Tile:
    """What the wall knows of one characteristic."""

    def __init__(self, station: Station, characteristic: Characteristic) -> None:
        self.station = station
        self.characteristic = characteristic
        self.tail = Tail()
        self.alerts: list[Alert] = []
        """Its open alerts, the most urgent first."""
        self.due: m.SampleDue | None = None
        self.cpk: float | None = None
        self.standing = NOTHING
        self.fresh = True
        """False while what is on the screen is older than what is known."""

    @property
    def key(self) -> tuple[str, int]:
        """Return what stays the same for as long as the characteristic exists."""
        return self.station.name, self.characteristic.id

    @property
    def name(self) -> str:
        return display_name(self.characteristic)

    @property
    def product(self) -> str:
        product = self.station.products.get(self.characteristic.product_id)
        return display_name(product) if product is not None else ""

    @property
    def line(self) -> str:
        product = self.station.products.get(self.characteristic.product_id)
        return product.line if product is not None else ""

    @property
    def value(self) -> str:
        """Return the newest value with its unit."""
        last = self.tail.last
        if last is None:
            return ""
        return f"{number(last.value, self.characteristic.decimals)} {self.characteristic.unit}".strip()

    def take_alerts(self, alerts: Iterable[Alert]) -> None:
        """Keep the open ones, the most urgent first."""
        found = [alert for alert in alerts if alert.status in OPEN]
        self.alerts = sorted(found, key=lambda alert: (-int(alert.priority), -alert.id))

    def judge(self, now: datetime) -> Standing:
        """Say how it stands now."""
        kind, text = self._state()
        return Standing(kind, text, self._frozen(now), len(self.alerts))

    def _state(self) -> tuple[Kind, str]:
        new = [alert for alert in self.alerts if alert.status is Status.NEW]
        beyond = [alert for alert in new if alert.alert_type is AlertType.OUT_OF_SPEC]
        plain = [alert for alert in new if alert.alert_type not in {AlertType.SAMPLE_OVERDUE, AlertType.STREAM_SILENT}]
        if beyond:
            return Kind.SPEC, title_of(beyond[0])
        if plain:
            return Kind.RULE, title_of(plain[0])
        return self._late() or self._calm()

    def _late(self) -> tuple[Kind, str] | None:
        due = self.due
        if due is None:
            return None
        if due.silent_since is not None:
            return Kind.SILENT, _("no data since {time}", time=clock(due.silent_since))
        if due.overdue_minutes:
            return Kind.OVERDUE, _("{n} min overdue", n=due.overdue_minutes)
        return None

    def _calm(self) -> tuple[Kind, str]:
        handled = next((alert for alert in self.alerts if alert.status is not Status.NEW), None)
        if handled is not None:
            name = handled.assigned_to or handled.acknowledged_by
            return Kind.HANDLED, _("Handled by: {name}", name=name) if name else _("Being handled")
        last = self.tail.last
        if last is None:
            return Kind.EMPTY, _("No points yet") if self.tail.loaded else _("Reading the points…")
        if last.out_of_spec:
            return Kind.SPEC, _("Out of specification")
        if last.rules:
            return Kind.RULE, _("Rule {rule}", rule=", ".join(rule_digit(rule) for rule in last.rules))
        return Kind.CONTROL, _("In control")

    def _frozen(self, now: datetime) -> str:
        state = self.station.state
        if state.link in AWAY:
            since = state.since or self.station.data_as_of
            return _("Connection lost; data as of {time}", time=clock(since)) if since else _("Connection lost")
        last, interval = self.tail.last, self._interval()
        if last is None or interval is None:
            return ""
        quiet = now.timestamp() - last.at
        if quiet < max(SHORTEST, INTERVALS * interval):
            return ""
        return _("no data since {time}", time=clock(datetime.fromtimestamp(last.at, now.tzinfo), now))

    def _interval(self) -> float | None:
        plan = self.station.register.of(SamplingPlan, self.characteristic.id)
        if plan is not None and plan.interval_minutes:
            return plan.interval_minutes * 60.0
        return self.tail.interval

    def sentence(self) -> str:
        """Say everything in one line: for the pointer, and for screen readers."""
        standing = self.standing
        parts = [f"{self.product} — {self.name}", f"{GLYPH[standing.kind]} {standing.text}", self.value]
        if self.cpk is not None:
            parts.append(f"Cpk {self.cpk:.2f}")
        if standing.frozen and standing.frozen != standing.text:
            parts.append(standing.frozen)
        if standing.open:
            parts.append(_("Open alerts: {n}", n=standing.open))
        return ". ".join(part for part in parts if part)


def clock(at: datetime, now: datetime | None = None) -> str:
    """Write a time of day, with its date where it is not today's."""
    local = at.astimezone()
    today = (now or datetime.now(local.tzinfo)).astimezone().date()
    return local.strftime("%H:%M:%S" if local.date() == today else "%Y-%m-%d %H:%M")
