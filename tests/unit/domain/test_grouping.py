"""What is announced one by one, joined or as a digest: nothing is lost, nothing is told twice, nobody is flooded."""

from collections import Counter, defaultdict

from hypothesis import given
from hypothesis import strategies as st

from spc_desktop.domain.alert import Priority
from spc_desktop.domain.grouping import Announcer, Grouping, Item, Kind

RULES = Grouping()


def item(number, product=1, priority=Priority.HIGH):
    return Item(number, product, "raised", priority)


def ids(announcements):
    return [[one.alert_id for one in announcement.items] for announcement in announcements]


def test_that_the_first_three_of_a_product_are_told_at_once_and_what_follows_is_joined():
    announcer = Announcer()
    assert [ids(announcer.offer(item(n), 0.1 * n)) for n in range(6)] == [[[0]], [[1]], [[2]], [], [], []]
    assert announcer.tick(1.9) == []
    assert announcer.next_due() == 0.3 + RULES.wait_s
    (group,) = announcer.tick(2.4)
    assert group.kind is Kind.GROUP
    assert ids([group]) == [[3, 4, 5]]


def test_that_a_group_that_was_told_is_followed_by_the_next_after_its_interval_only():
    announcer = Announcer()
    for n in range(4):
        announcer.offer(item(n), 0.0)
    announcer.tick(2.0)
    assert announcer.offer(item(4), 10.0) == []
    assert announcer.tick(61.9) == []
    assert ids(announcer.tick(62.0)) == [[4]]


def test_that_products_do_not_wait_for_each_other():
    announcer = Announcer()
    for n in range(5):
        announcer.offer(item(n), 0.0)
    assert ids(announcer.offer(item(9, product=2), 0.0)) == [[9]]


def test_that_more_than_ten_in_ten_minutes_become_one_digest_for_each_product_and_urgent_ones_do_not():
    announcer = Announcer()
    for n in range(11):
        announcer.offer(item(n, product=n), 10.0 * n)
    assert announcer.flood
    assert announcer.offer(item(20, product=50), 120.0) == []
    assert ids(announcer.offer(item(21, product=50, priority=Priority.URGENT), 120.5)) == [[21]]
    announcer.offer(item(22, product=50), 121.0)
    digests = announcer.tick(122.5)
    assert {one.kind for one in digests} == {Kind.DIGEST}
    assert [20, 22] in ids(digests)
    announcer.offer(item(23, product=50), 130.0)
    assert announcer.tick(700.0) == []
    assert ids(announcer.tick(722.5)) == [[23]]


def test_that_a_flood_ends_when_fewer_than_five_came_in_ten_minutes():
    announcer = Announcer()
    for n in range(11):
        announcer.offer(item(n, product=n), 0.0)
    announcer.tick(599.0)
    assert announcer.flood
    announcer.tick(600.0)
    assert not announcer.flood
    assert ids(announcer.offer(item(99, product=99), 601.0)) == [[99]]


def test_that_what_nobody_acknowledges_is_told_again_and_what_was_acknowledged_is_not():
    announcer = Announcer()
    announcer.offer(item(1), 0.0)
    announcer.offer(item(2), 1.0)
    assert announcer.handled(1, 1) is None
    assert announcer.tick(1_800.9) == []
    (reminder,) = announcer.tick(1_801.0)
    assert reminder.kind is Kind.REMINDER
    assert ids([reminder]) == [[2]]
    announcer.handled(2, 1)
    assert announcer.next_due() is None


def test_that_what_stood_before_a_restart_is_told_again_after_the_same_time():
    announcer = Announcer()
    announcer.stood([item(7), item(8)], 100.0)
    assert announcer.tick(1_899.0) == []
    assert ids(announcer.tick(1_900.0)) == [[7, 8]]


def test_that_a_digest_the_person_wants_gathers_what_is_not_urgent():
    announcer = Announcer()
    assert announcer.offer(item(1), 0.0, digest_s=300) == []
    assert announcer.offer(item(2), 200.0, digest_s=300) == []
    assert ids(announcer.offer(item(3, priority=Priority.URGENT), 200.0, digest_s=300)) == [[3]]
    assert ids(announcer.tick(300.0)) == [[1, 2]]


def test_that_what_is_handled_before_it_was_told_is_handed_back():
    announcer = Announcer()
    for n in range(5):
        announcer.offer(item(n), 0.0)
    assert announcer.handled(4, 1) == item(4)
    assert ids(announcer.tick(2.0)) == [[3]]


steps = st.lists(
    st.tuples(
        st.floats(0, 400),
        st.integers(1, 3),
        st.sampled_from([Priority.LOW, Priority.HIGH, Priority.HIGH, Priority.URGENT]),
        st.booleans(),
    ),
    max_size=80,
)


class Person:
    """Hears everything at its time and keeps what was told when."""

    def __init__(self):
        self.announcer, self.now, self.told, self.times = Announcer(), 0.0, Counter(), defaultdict(list)

    def hear(self, announcements):
        for one in announcements:
            numbers = [each.alert_id for each in one.items]
            if one.kind is Kind.REMINDER:
                assert all(self.told[number] for number in numbers)
                continue
            self.told.update(numbers)
            if one.items[0].priority < Priority.URGENT:
                self.times[one.items[0].product_id].append(self.now)

    def wait(self, seconds):
        end = self.now + seconds
        while (due := self.announcer.next_due()) is not None and due <= end:
            self.now = max(self.now, due)
            self.hear(self.announcer.tick(self.now))
        self.now = end


@given(steps, st.sampled_from([0.0, 60.0]))
def test_that_everything_offered_is_told_once_or_handed_back_and_no_product_floods(offered, digest_s):
    person, back = Person(), set()
    for number, (pause, product, priority, handled) in enumerate(offered):
        person.wait(pause)
        person.hear(person.announcer.offer(item(number, product, priority), person.now, digest_s))
        assert priority is not Priority.URGENT or person.told[number] == 1
        if handled and person.announcer.handled(number, product) is not None:
            back.add(number)
    person.wait(RULES.flood_s + RULES.interval_s)
    assert set(person.told) | back == set(range(len(offered)))
    assert set(person.told.values()) <= {1}
    assert not back & set(person.told)
    for times in person.times.values():
        for first, last in zip(times, times[RULES.at_once + 1 :], strict=False):
            assert last - first >= RULES.interval_s - RULES.wait_s
