"""Rates, bursts and counts, by a clock that is only a number."""

import pytest

from spc_desktop.domain.errors import UserError
from spc_desktop.protocol.pace import Bucket
from spc_desktop.server.limits import Gate, Limits, Pace

ABROAD = "192.0.2.7"


def test_that_a_bucket_gives_its_burst_and_then_its_rate():
    bucket = Bucket(50, 100, 0.0)
    assert [bucket.take(1, 0.0) for _ in range(100)] == [0.0] * 100
    assert bucket.take(1, 0.0) == pytest.approx(0.02)
    assert bucket.take(1, 0.02) == 0.0
    assert sum(bucket.take(1, 2.02) == 0.0 for _ in range(200)) == 100


def test_that_what_is_refused_takes_nothing_and_more_than_a_burst_waits_for_a_full_bucket():
    bucket = Bucket(10, 20, 0.0)
    assert bucket.take(15, 0.0) == 0.0
    assert bucket.take(15, 0.0) == pytest.approx(1.0)
    assert bucket.take(15, 1.0) == 0.0
    assert bucket.take(30, 3.0) == 0.0
    assert bucket.take(1, 3.0) == pytest.approx(1.1)


def test_that_ten_refusals_in_ten_seconds_exhaust_a_connection_and_slow_ones_do_not():
    pace = Pace(Limits(commands=1, commands_burst=1), 0.0)
    assert pace.wait_for(0.0) == 0.0
    for _ in range(9):
        pace.wait_for(0.0)
    assert not pace.is_exhausted(0.0)
    pace.wait_for(0.0)
    assert pace.is_exhausted(9.0)
    assert not pace.is_exhausted(11.0)


def test_that_each_source_has_its_own_measurements_per_second():
    gate = Gate(Limits())
    for _ in range(20):
        gate.items("cmm", 1000, 0.0)
    with pytest.raises(UserError) as refused:
        gate.items("cmm", 1000, 0.0)
    assert (refused.value.code, refused.value.params["seconds"]) == ("rate_limited", pytest.approx(0.2))
    gate.items("another", 1000, 0.0)
    gate.items("cmm", 1000, 0.2)


def test_that_handshakes_are_counted_by_address_but_not_those_of_this_computer():
    gate = Gate(Limits())
    assert sum(gate.handshake(ABROAD, 0.0) == 0.0 for _ in range(200)) == 100
    assert sum(gate.handshake("127.0.0.1", 0.0) == 0.0 for _ in range(2000)) == 2000
    assert gate.handshake("192.0.2.8", 0.0) == 0.0
    assert gate.handshake(ABROAD, 1.0) == 0.0


def test_that_open_connections_are_counted_by_address_and_forgotten_when_they_end():
    gate = Gate(Limits(open=3, open_here=5))
    assert [gate.enter(ABROAD) for _ in range(4)] == [True, True, True, False]
    gate.leave(ABROAD)
    gate.leave(ABROAD)
    assert gate.enter(ABROAD)
    assert [gate.enter("::1") for _ in range(6)] == [True] * 5 + [False]
    for _ in range(10):
        gate.leave(ABROAD)
    assert ABROAD not in gate._open


def test_that_a_flood_of_addresses_is_remembered_up_to_a_bound():
    gate = Gate(Limits())
    for number in range(12_000):
        gate.handshake(f"2001:db8::{number:x}", 0.0)
    assert len(gate._handshakes) == 10_000
