"""Whatever can be measured comes back from its row as it went in."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spc_desktop.domain.measurement import Measurement, Trace
from spc_desktop.domain.point import PanelValue, Point
from spc_desktop.hub.ports import Batch
from spc_desktop.spc.charts import Violation
from spc_desktop.storage import log, migrate, reader, rows
from spc_desktop.storage.append import Appender
from spc_desktop.storage.engine import database_url, writer_engine
from tests.storage_rows import plant

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=OFFSETS)  # noqa: DTZ001 - hypothesis adds it
FINITE = st.floats(allow_nan=False, allow_infinity=False)
MAYBE = st.none() | FINITE
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.integers(-(2**63), 2**63 - 1)

violations = st.builds(Violation, WORDS, st.lists(st.integers(0, 2**31), max_size=15).map(tuple))
panels = st.builds(PanelValue, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, st.lists(violations, max_size=2).map(tuple))
points = st.builds(
    Point,
    characteristic_id=st.integers(1, 3),
    index=st.integers(0, 2**31 - 1),
    subgroup_number=NUMBERS,
    measured_at=INSTANTS,
    values=st.lists(FINITE, max_size=6).map(tuple),
    panels=st.lists(panels, max_size=3).map(tuple),
    size=MAYBE,
    out_of_spec=st.booleans(),
    excluded=st.booleans(),
    exclusion_reason=WORDS,
    learning=st.booleans(),
    limits_revision=st.integers(0, 10**6),
)
measurements = st.builds(
    Measurement,
    id=st.integers(1, 2**53),
    product_id=st.just(1),
    characteristic_id=st.integers(1, 3),
    measurement_value=FINITE,
    sample_number=NUMBERS,
    subgroup_number=NUMBERS,
    is_within_spec=st.booleans(),
    is_within_control=st.booleans(),
    measured_at=INSTANTS,
    point_index=st.integers(0, 2**31 - 1),
    size=MAYBE,
    source_id=WORDS,
    trace=st.builds(Trace, lot=WORDS, machine=WORDS, operator=WORDS, cavity=WORDS, gauge=WORDS, serial=WORDS),
)


@given(INSTANTS)
def test_that_an_instant_keeps_its_microsecond(at):
    assert rows.instant(rows.micros(at)) == at


def test_that_a_time_without_offset_is_refused():
    with pytest.raises(TypeError):
        rows.micros(datetime.now(UTC).replace(tzinfo=None))


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    engine = writer_engine(database_url(tmp_path_factory.mktemp("rows") / "s.db"), 1000)
    migrate.migrate(engine)
    with engine.begin() as connection:
        appender = Appender("sqlite", log.ensure_epoch(connection))
        appender.write(connection, plant(3))
    with engine.connect() as connection:
        yield connection, appender
    engine.dispose()


@given(points)
def test_that_any_point_comes_back_as_it_was(database, point):
    connection, appender = database
    with connection.begin() as transaction:
        appender.write(connection, Batch(points=[point]))
        found = reader.points_between(connection, point.characteristic_id, point.index, point.index)
        transaction.rollback()
    assert found == [point]


@given(measurements)
def test_that_any_measurement_comes_back_as_it_was(database, row):
    connection, appender = database
    with connection.begin() as transaction:
        appender.write(connection, Batch(measurements=[row]))
        found = reader.measurements_between(connection, row.characteristic_id, row.point_index, row.point_index)
        transaction.rollback()
    assert found == [row]
    assert msgspec.json.decode(msgspec.json.encode(found[0])) == {
        **msgspec.json.decode(msgspec.json.encode(row)),
        "measured_at": found[0].measured_at.isoformat().replace("+00:00", "Z"),
    }
