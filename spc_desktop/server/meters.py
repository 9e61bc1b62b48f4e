"""What the hub counts about itself, in the words of Prometheus (``protocol.md`` section 11)."""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from spc_desktop.domain.account import Role
from spc_desktop.protocol import messages as m
from spc_desktop.server.fanout import FanOut
from spc_desktop.server.index import tag
from spc_desktop.server.limits import Gate

_QUICK = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0)
_RANK = (Role.ADMIN, Role.ENGINEER, Role.OPERATOR, Role.VIEWER, Role.DEVICE)


class Meters:
    """The counters of one server. ``text`` is what ``/metrics`` answers."""

    def __init__(self, fanout: FanOut, gate: Gate) -> None:
        self._registry = CollectorRegistry()
        registry = self._registry
        self._events = Counter("spc_hub_events", "Events of the log given out", ["type", "priority"], registry=registry)
        self._children: dict[tuple[str, int], Counter] = {}
        self._to_send = Histogram(
            "spc_hub_ingest_to_send_seconds",
            "From the fold of an event to its writing",
            buckets=_QUICK,
            registry=registry,
        )
        self._commit = Histogram(
            "spc_hub_commit_seconds", "Durable commit of a batch", buckets=_QUICK, registry=registry
        )
        self._resumes = Counter("spc_hub_resume", "Sessions that resumed", ["recovered"], registry=registry)
        self._lag = Gauge(
            "spc_hub_loop_lag_seconds", "Longest delay of the loop since it was last asked", registry=registry
        )
        self._slowest = 0.0
        self._kpi: dict[str, Gauge] = {}
        self._registry.register(_Now(fanout, gate))

    def event(self, event: m.AnyEvent) -> None:
        """An event was given out."""
        key = tag(event), event.alert.priority.value if isinstance(event, m.AlertEvent) else 0
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._events.labels(key[0], str(key[1] or ""))
        child.inc()

    def sent(self, seconds: float) -> None:
        """A batch was written to its clients so long after it was folded."""
        self._to_send.observe(max(0.0, seconds))

    def committed(self, seconds: float) -> None:
        """A batch was stored in so many seconds."""
        self._commit.observe(seconds)

    def resumed(self, *, recovered: bool) -> None:
        self._resumes.labels(str(recovered).lower()).inc()

    def lag(self, seconds: float) -> None:
        """The loop came so much later than it was asked to."""
        self._slowest = max(self._slowest, seconds)

    @property
    def slowest(self) -> float:
        """Return the longest delay of the loop since the last ``text``."""
        return self._slowest

    def alarms(self, rows: Iterable[m.KpiRow]) -> None:
        """Take the key figures of alarms."""
        for row in rows:
            if row.value is not None:
                gauge = self._kpi.get(row.name)
                if gauge is None:
                    gauge = self._kpi[row.name] = Gauge(f"spc_alarm_{row.name}", row.name, registry=self._registry)
                gauge.set(row.value)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        self._lag.set(self._slowest)
        self._slowest = 0.0
        return generate_latest(self._registry)


class _Now(Collector):
    """What is counted where it happens and read when it is asked for."""

    def __init__(self, fanout: FanOut, gate: Gate) -> None:
        self._fanout = fanout
        self._gate = gate

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Yield the present figures."""
        fanout = self._fanout
        connections = GaugeMetricFamily("spc_hub_connections", "Open WebSockets", labels=["dialect", "role"])
        tally: Tally[tuple[str, str]] = Tally()
        for client in fanout.clients:
            roles = client.guard.principal.roles
            tally[client.dialect.value, next((role.value for role in _RANK if role in roles), "nobody")] += 1
        for labels, count in sorted(tally.items()):
            connections.add_metric(labels, count)
        yield connections
        deliveries = CounterMetricFamily("spc_hub_deliveries", "Events for clients", labels=["outcome"])
        for outcome, count in fanout.outcomes.items():
            deliveries.add_metric([outcome], count)
        yield deliveries
        unsent = [client.connection.unsent for client in fanout.clients]
        buffers = GaugeMetricFamily("spc_hub_send_buffer_bytes", "Bytes that clients have not taken", labels=["stat"])
        buffers.add_metric(["max"], max(unsent, default=0))
        buffers.add_metric(["sum"], sum(unsent))
        yield buffers
        yield CounterMetricFamily("spc_hub_slow_closes", "Clients closed with 4408", value=fanout.slow_closes)
        yield CounterMetricFamily("spc_hub_replayed", "Events sent from the log", value=fanout.replayed)
        yield CounterMetricFamily("spc_hub_rate_limited", "Refusals for asking too much", value=self._gate.refused)
