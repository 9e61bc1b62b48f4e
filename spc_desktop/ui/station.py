"""One hub as the window knows it: a replica of its catalogue and alerts, kept true by the hub's events.

Widgets read the replica and hear of changes by signals; they never change it. Charts get their points through ``feed``.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import structs
from PySide6.QtCore import QObject, Signal

from spc_desktop.domain.alert import Alert, Status
from spc_desktop.domain.announcement import Preferences
from spc_desktop.domain.control_plan import ControlPlan
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.domain.register import Register
from spc_desktop.hub.api import Actor, Delivery, HubApi, HubState, Link, LinkChanged, Mailbox, Resync, WatchFilter
from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.feed import ChartFeed

ALERTS_SHOWN = 500
"""Newest alerts that are read at the start, beside all open ones."""
ALERTS_KEPT = 5000
RETRY_SECONDS = 2.0
_TYPES = frozenset({"alert", "points", "limits", "catalogue", "register", "preferences", "note"})


class Station(QObject):
    """The replica of one hub."""

    link_changed = Signal()
    catalogue_changed = Signal()
    register_changed = Signal()
    """``register`` is another object from now on."""
    wishes_changed = Signal()
    """``wishes`` is another object from now on."""
    alerts_reset = Signal()
    alert_changed = Signal(object, str)
    """The alert as it is now, and what happened to it (``raised``, ``acked``, ...); never for what was there before."""

    points_came = Signal(int, object)
    """Id of a characteristic that is charted or watched, and its new or changed points."""
    noted = Signal(object)
    """A ``Note`` that somebody wrote down."""
    points_stale = Signal(int)
    """The points of this characteristic are to be read anew; 0: those of all."""

    def __init__(self, hub: HubApi, actor: Actor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.hub = hub
        self.actor = actor
        self.products: dict[int, Product] = {}
        self.characteristics: dict[int, Characteristic] = {}
        self.plans: dict[int, ControlPlan] = {}
        self.states: dict[int, m.CharacteristicState] = {}
        self.alerts: dict[int, Alert] = {}
        self.register = Register()
        self.wishes = Preferences()
        """What the person at this window wants to be told of by this hub."""
        self.loaded = False
        """True once catalogue and alerts were read: before that, nothing is known and nothing is empty."""
        self._feeds: dict[int, ChartFeed] = {}
        self._watched: frozenset[int] = frozenset()
        self._mailbox: Mailbox | None = None
        self._stale = True
        self._closed = False
        self._last_event: datetime | None = None

    @property
    def name(self) -> str:
        """Return the hub's name, the key of everything that is remembered about it."""
        return self.hub.state.name or "local"

    @property
    def title(self) -> str:
        """Return the hub's name for reading."""
        return self.hub.state.name or _("this PC")

    @property
    def state(self) -> HubState:
        """Return the link's state; closed once the hub has ended its stream."""
        state = self.hub.state
        return structs.replace(state, link=Link.CLOSED) if self._closed else state

    @property
    def data_as_of(self) -> datetime | None:
        """Return the hub's time of the newest event seen."""
        return self._last_event

    async def run(self) -> None:
        """Follow the hub until it stops; one that cannot be reached is tried again.

        Raises:
            KnownError: the hub is there and failed.
        """
        while not self._closed:
            try:
                await self._follow()
            except KnownError:
                if self.hub.state.link is Link.LIVE:
                    raise
                self.link_changed.emit()
                await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        async with self.hub.watch(self._filter()) as mailbox:
            self._mailbox = mailbox
            self._stale = True  # what happened before this mailbox was opened is not in it
            try:
                await self._read_when_live()
                while True:
                    for delivery in await mailbox.get():
                        await self._take(delivery)
            except EOFError:
                self._closed = True
                self.link_changed.emit()
            finally:
                self._mailbox = None

    # -- the replica ---------------------------------------------------------------------------------------------------

    async def _read_when_live(self) -> None:
        """Read everything anew; a hub that is away is read when it is back."""
        if not self._stale:
            return
        try:
            catalogue = await self.hub.query(m.GetCatalogue())
            newest = await self.hub.query(m.GetAlerts(limit=ALERTS_SHOWN))
            opened = await self.hub.query(m.GetAlerts(limit=ALERTS_SHOWN, open_only=True))
            register = await self.hub.query(m.GetRegister())
            self.wishes = await self._read_wishes()
        except KnownError:
            if self.hub.state.link is Link.LIVE:
                raise
            return
        self._stale = False
        self.register = Register().with_changes(register.entries)
        self._adopt(catalogue, (*newest.alerts, *opened.alerts))

    def _adopt(self, catalogue: m.Catalogue, alerts: Iterable[Alert]) -> None:
        known = set(self.alerts)
        self.products, self.characteristics, self.plans = {}, {}, {}
        self._merge(catalogue.products, catalogue.characteristics, catalogue.plans)
        self.states = {state.characteristic_id: state for state in catalogue.states}
        self.alerts = {alert.id: alert for alert in sorted(alerts, key=lambda alert: alert.id)}
        first = not self.loaded
        self.loaded = True
        self.catalogue_changed.emit()
        self.register_changed.emit()
        self.wishes_changed.emit()
        self.alerts_reset.emit()
        self.link_changed.emit()
        if not first:  # what was raised while events were missed is news all the same
            newest_known = max(known, default=0)
            for alert in [alert for alert in self.alerts.values() if alert.id > newest_known]:
                if alert.status is Status.NEW:
                    self.alert_changed.emit(alert, "raised")
        for feed in self._feeds.values():
            feed.reload()
        self.points_stale.emit(0)

    def _merge(
        self, products: Iterable[Product], characteristics: Iterable[Characteristic], plans: Iterable[ControlPlan]
    ) -> None:
        self.products.update((product.id, product) for product in products)
        self.characteristics.update((characteristic.id, characteristic) for characteristic in characteristics)
        self.plans.update((plan.characteristic_id, plan) for plan in plans)

    async def _take(self, delivery: Delivery) -> None:
        match delivery:
            case LinkChanged():
                self.link_changed.emit()
                if delivery.state.link is Link.LIVE:
                    await self._read_when_live()
            case Resync():
                self._stale = True
                await self._read_when_live()
            case m.PreferencesEvent():
                await self._wishes_told(delivery)
            case _:
                self._last_event = delivery.ts
                self._take_event(delivery)

    def _take_event(self, event: m.AnyEvent) -> None:
        match event:
            case m.AlertEvent(alert=alert):
                self._take_alert(alert, event.change)
            case m.PointsEvent():
                feed = self._feeds.get(event.characteristic_id)
                if feed:
                    feed.take(event.points)
                self.points_came.emit(event.characteristic_id, event.points)
            case m.LimitsEvent(limits=limits):
                self._take_limits(limits.characteristic_id, event)
            case m.CatalogueEvent():
                self._merge(event.products, event.characteristics, event.plans)
                self.catalogue_changed.emit()
            case m.NoteEvent():
                self.noted.emit(event.note)
            case m.RegisterEvent():
                removed = [(key.kind, key.id) for key in event.removed]
                self.register = self.register.with_changes(event.entries, removed)
                self.register_changed.emit()
            case _:
                pass  # measurements, violations and capability are drawn from points and alerts

    def _take_alert(self, alert: Alert, change: str) -> None:
        known = self.alerts.get(alert.id)
        if known is not None and known.rev > alert.rev:
            return  # read from the database already
        self.alerts[alert.id] = alert
        if len(self.alerts) > ALERTS_KEPT:
            self._forget_old_alerts()
        if known is None or known.rev < alert.rev:
            self.alert_changed.emit(alert, change)

    def _forget_old_alerts(self) -> None:
        closed = [key for key, alert in self.alerts.items() if alert.status in {Status.CLOSED, Status.RESOLVED}]
        for key in (closed or list(self.alerts))[: ALERTS_KEPT // 10]:
            del self.alerts[key]
        self.alerts_reset.emit()

    def _take_limits(self, characteristic_id: int, event: m.LimitsEvent) -> None:
        state = self.states.get(characteristic_id, m.CharacteristicState(characteristic_id=characteristic_id))
        self.states[characteristic_id] = structs.replace(state, limits=event.limits, learning_left=0)
        feed = self._feeds.get(characteristic_id)
        if feed:
            feed.reload()
        self.points_stale.emit(characteristic_id)

    # -- what the person wants to be told of ---------------------------------------------------------------------------

    async def _read_wishes(self) -> Preferences:
        return await self.hub.query(m.GetPreferences(user=self.actor.name))

    async def _wishes_told(self, event: m.PreferencesEvent) -> None:
        """Somebody's have changed, perhaps those of this person in another window."""
        self._last_event = event.ts
        try:
            self._take_wishes(await self._read_wishes())
        except KnownError:
            if self.hub.state.link is Link.LIVE:
                raise
            self._stale = True

    def _take_wishes(self, wishes: Preferences) -> None:
        if wishes.revision != self.wishes.revision:
            self.wishes = wishes
            self.wishes_changed.emit()

    async def change_wishes(self, change: Callable[[Preferences], Preferences]) -> None:
        """Save what ``change`` makes of the present wishes; it is asked again where another window was faster.

        Raises:
            UserError, KnownError: the hub refused or could not be reached.
        """
        for last in (False, True):
            try:
                self._take_wishes(await self.hub.command(m.SavePreferences(prefs=change(self.wishes)), self.actor))
            except UserError as bad:
                if bad.code != "preferences_changed" or last:
                    raise
                self._take_wishes(await self._read_wishes())
            else:
                return

    def change_wishes_soon(self, owner: QObject, change: Callable[[Preferences], Preferences]) -> None:
        """Do so on behalf of a widget, which shows what goes wrong."""
        spawn(owner, self.change_wishes(change))

    # -- points --------------------------------------------------------------------------------------------------------

    def feed(self, characteristic_id: int) -> ChartFeed:
        """Return the points of a characteristic, live from now on; give it back with ``release``."""
        feed = self._feeds.get(characteristic_id)
        if feed is None:
            characteristic = self.characteristics[characteristic_id]
            feed = ChartFeed(self.hub, characteristic, self.plans.get(characteristic_id), self)
            self._feeds[characteristic_id] = feed
            self._set_filter()
            feed.reload()
        feed.users += 1
        return feed

    def release(self, feed: ChartFeed) -> None:
        """Say that a chart needs its points no longer."""
        feed.users -= 1
        if feed.users <= 0 and self._feeds.get(feed.characteristic.id) is feed:
            del self._feeds[feed.characteristic.id]
            feed.deleteLater()
            self._set_filter()

    def watch(self, characteristic_ids: Iterable[int]) -> None:
        """Hear of the points of these, by ``points_came``, beside those that are charted; none ends it."""
        wanted = frozenset(characteristic_ids)
        if wanted != self._watched:
            self._watched = wanted
            self._set_filter()

    def _filter(self) -> WatchFilter:
        return WatchFilter(types=_TYPES, characteristics=self._watched | frozenset(self._feeds))

    def _set_filter(self) -> None:
        if self._mailbox is not None:
            self._mailbox.set_filter(self._filter())

    # -- commands ------------------------------------------------------------------------------------------------------

    async def acknowledge(self, alert_ids: Iterable[int]) -> None:
        """Acknowledge alerts that are still new; the window changes when the hub's event arrives.

        Raises:
            UserError, KnownError: the hub refused or could not be reached.
        """
        fresh = tuple(key for key in alert_ids if key in self.alerts and self.alerts[key].status is Status.NEW)
        if fresh:
            result = await self.hub.command(m.Acknowledge(alert_ids=fresh), self.actor)
            for alert in result.alerts:
                self._take_alert(alert, "acked")

    def acknowledge_soon(self, owner: QObject, alert_ids: Iterable[int]) -> None:
        """Acknowledge on behalf of a widget, which shows what goes wrong."""
        spawn(owner, self.acknowledge(tuple(alert_ids)))

    def learning_left(self, characteristic_id: int, learned: int) -> int:
        """Return how many subgroups are needed until limits are set; 0 when they are or none will be learnt."""
        state, plan = self.states.get(characteristic_id), self.plans.get(characteristic_id)
        if plan is None or (state and state.limits) or plan.policy.mode != "learn":
            return 0
        return max(0, plan.policy.learn_subgroups - learned)
