"""The index against its definition: a client gets an event when one of its subscriptions covers it, and only once."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from spc_desktop.domain.alert import Alert, AlertType, Priority
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import v1
from spc_desktop.server.index import Index, wants

AT = datetime(2026, 1, 11, tzinfo=UTC)
products = st.integers(1, 4)
wanted = st.builds(
    v1.Wanted,
    products=st.none() | st.frozensets(products, max_size=3),
    types=st.none() | st.frozensets(st.sampled_from(sorted(v1.EVENT_TYPES)), max_size=3),
    characteristics=st.none() | st.frozensets(products, max_size=3),
    min_priority=st.integers(1, 4),
)


def alert(product_id, priority):
    row = Alert(
        id=1,
        product_id=product_id,
        product_code="P",
        product_name="P",
        alert_type=AlertType.TREND,
        priority=priority,
        title="t",
        message="m",
        created_at=AT,
    )
    return m.AlertEvent(ts=AT, product_id=product_id, alert=row)


events = (
    st.builds(alert, products, st.sampled_from(Priority))
    | st.builds(
        lambda product, number: m.PointsEvent(ts=AT, product_id=product, characteristic_id=number, points=()),
        products,
        products,
    )
    | st.just(m.CatalogueEvent(ts=AT))
)
steps = st.lists(st.tuples(st.integers(0, 4), st.lists(wanted, max_size=3)), max_size=12)


@given(steps, st.lists(events, min_size=1, max_size=5))
def test_that_a_client_gets_what_it_asked_for_last_and_each_event_once(changes, happened):
    index = Index()
    asked = {}
    for client, subscriptions in changes:
        index.put(client, subscriptions)
        asked[client] = subscriptions
    for event in happened:
        expected = sorted(client for client, all_of in asked.items() if any(wants(one, event) for one in all_of))
        assert sorted(index.matching(event)) == expected


@given(steps)
def test_that_clients_that_left_leave_nothing_behind(changes):
    index = Index()
    for client, subscriptions in changes:
        index.put(client, subscriptions)
    for client in range(5):
        index.put(client, ())
    assert vars(index) == vars(Index())
