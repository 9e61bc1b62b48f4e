"""Parts of the entry page: the sheet of a subgroup, scans, the outbox on disk and who empties it, the due list."""

from datetime import timedelta

import pytest
from PySide6.QtTest import QAbstractItemModelTester

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.register import DEFAULT_PREFIXES, Plausibility
from spc_desktop.hub.api import Actor, HubState, Link
from spc_desktop.protocol import messages as m
from spc_desktop.ui.entry.due_model import DueModel, Target, rows_of, state_text
from spc_desktop.ui.entry.outbox import Outbox, folder_of
from spc_desktop.ui.entry.scan import Scan, scan_of
from spc_desktop.ui.entry.sender import Sender
from spc_desktop.ui.entry.sheet import Sheet, Taken, number, plausible
from spc_desktop.ui.station import Station
from tests.fakes import NOON, diameter, known_limits, measured, save
from tests.gui.conftest import until

RULE = Plausibility(id="1", characteristic_id=1, low=5.0, high=15.0, max_step=1.0)


def entry(key, *values):
    return m.EnterSubgroup(item=measured(*(values or (10.0,)), key=key))


# -- the sheet ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"), [("10.5", 10.5), (" .5", 0.5), ("-3", -3.0), ("１０．５", 10.5), ("−2", -2.0), ("7.", 7.0)]
)
def test_that_numbers_are_read_as_people_type_them(text, value):
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "code"), [("10,5", "decimal_comma"), ("abc", "not_a_number"), ("1e5", "not_a_number")]
)
def test_that_other_texts_are_refused_with_a_reason(text, code):
    with pytest.raises(UserError) as caught:
        number(text)
    assert caught.value.code == code


def test_that_a_value_hard_to_believe_is_measured_again_and_both_are_kept():
    sheet = Sheet(2, RULE)
    assert sheet.take(101.0) is Taken.DOUBTED
    assert sheet.values == []
    assert sheet.take(10.1) is Taken.VALUE
    assert sheet.take(12.0) is Taken.DOUBTED  # too far from the value before
    assert sheet.take(12.1) is Taken.COMPLETE
    assert sheet.values == [10.1, 12.1]
    assert sheet.remeasured() == (
        m.Remeasured(position=0, first=101.0, second=10.1),
        m.Remeasured(position=1, first=12.0, second=12.1),
    )


def test_that_values_go_back_one_by_one_and_the_last_can_be_doubted_by_hand():
    sheet = Sheet(3, RULE)
    sheet.take(10.0)
    sheet.take(10.1)
    assert sheet.measure_again()
    assert not sheet.measure_again()
    assert sheet.take(10.2) is Taken.VALUE
    assert sheet.remeasured() == (m.Remeasured(position=1, first=10.1, second=10.2),)
    assert [sheet.back(), sheet.back(), sheet.back()] == [10.2, 10.0, None]
    assert sheet.remeasured() == ()
    assert sheet.empty


def test_that_without_a_rule_three_widths_of_the_tolerance_are_believed():
    rule = plausible(None, diameter(id=1))  # 9 to 11
    assert not rule.doubts(16.9, None)
    assert rule.doubts(17.1, None)
    assert not plausible(None, diameter(id=1, lsl=None)).doubts(1e9, None)


# -- scans -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("L:LOT-77", Scan("lot", "LOT-77")),
        ("m:M3", Scan("machine", "M3")),
        ("ㅣ:ㅣㅐㅅ", Scan("lot", "LOT")),  # a Hangul layout
        ("Ｇ：G-1", Scan("gauge", "G-1")),
        ("10.5", None),
        ("L:", None),
        ("", None),
    ],
)
def test_that_the_prefix_of_a_scan_says_what_it_is(text, found):
    assert scan_of(text, DEFAULT_PREFIXES) == found


def test_that_the_longest_prefix_wins():
    assert scan_of("LOT7", {"L": "lot", "LO": "gauge"}) == Scan("gauge", "T7")


# -- the outbox --------------------------------------------------------------------------------------------------------


def test_that_entries_outlive_the_program_in_their_order(tmp_path):
    folder = folder_of(tmp_path, "http://10.0.0.5:8000")
    outbox = Outbox(folder)
    kept = [outbox.put(entry(f"k{at}", 10.0, 10.1), "kim", "외경") for at in range(3)]
    (folder / "half.new").write_bytes(b"{")
    (folder / "0-broken.json").write_bytes(b"{")
    found = Outbox(folder).load()
    assert found.waiting == kept
    assert found.unreadable == 1
    assert [path.name for path in folder.glob("*.bad")] == ["0-broken.bad"]
    for one in found.waiting:
        outbox.drop(one)
        outbox.drop(one)
    assert Outbox(folder).load() == ([], 0, {})


def test_that_an_entry_that_cannot_be_kept_is_not_taken(tmp_path):
    (tmp_path / "box").write_text("a file where the folder should be")
    with pytest.raises(KnownError) as caught:
        Outbox(tmp_path / "box").put(entry("k"), "", "")
    assert caught.value.code == "outbox_unwritable"


class Away:
    """A hub that is away until it is told otherwise; an answer may be lost on its way."""

    def __init__(self, hub):
        self.hub, self.link, self.lose = hub, Link.LIVE, 0
        self.asked, self.refuse = [], ""

    def __getattr__(self, name):
        return getattr(self.hub, name)

    @property
    def state(self):
        return HubState(link=self.link, name="plant")

    async def command(self, command, actor=Actor()):
        self.asked.append(command)
        if self.refuse:
            raise UserError(self.refuse)
        if self.link is not Link.LIVE:
            raise KnownError("hub_unreachable", address="plant")
        answer = await self.hub.command(command, actor)
        if self.lose:
            self.lose -= 1
            raise KnownError("answer_lost", address="plant")
        return answer


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("spc_desktop.ui.entry.sender.RETRY_SECONDS", 0.02)


async def test_that_what_waited_is_sent_once_and_in_order_when_the_hub_is_back(open_bench, tmp_path, quick):
    async with open_bench(save(diameter(), plans=[known_limits()])) as bench:
        away = Away(bench.hub)
        away.link = Link.OFFLINE
        station = Station(away, Actor(name="kim"), bench.desk)
        sender = Sender(station, Outbox(tmp_path), bench.desk)
        sender.start()
        for at in range(3):
            await sender.submit(entry(f"k{at}", 10 + at / 100), "김")
        await sender.submit(m.TakeBack(characteristic_id=1, entry="k2"), "김")
        await until(lambda: sender.stuck)
        assert (sender.waiting, away.asked, len(list(tmp_path.glob("*.json")))) == (4, [], 4)
        away.link, away.lose = Link.LIVE, 1
        station.link_changed.emit()
        await until(lambda: sender.waiting == 0)
        assert [type(one).__name__ for one in away.asked[:2]] == ["EnterSubgroup", "EnterSubgroup"]
        assert away.asked[0] == away.asked[1]  # the answer was lost, so it was asked again
        rows = await bench.hub.query(m.GetMeasurements(characteristic_id=1))
        assert [row.measurement_value for row in reversed(rows)] == [10.0, 10.01, 10.02]
        (note,) = await bench.hub.query(m.GetNotes(characteristic_id=1))
        assert (note.point_index, note.by) == (2, "김")
        assert list(tmp_path.glob("*")) == []


async def test_that_a_restart_sends_what_was_left_behind(open_bench, tmp_path, quick):
    Outbox(tmp_path).put(entry("left"), "kim", "")
    async with open_bench(save(diameter(), plans=[known_limits()])) as bench:
        sender = Sender(bench.station, Outbox(tmp_path), bench.desk)
        answers = []
        sender.answered.connect(lambda waiting, answer: answers.append(answer))
        sender.start()
        await until(lambda: answers)
        assert answers[0].point.index == 0


async def test_that_an_account_that_may_not_enter_loses_nothing(open_bench, tmp_path, quick):
    async with open_bench(save(diameter(), plans=[known_limits()])) as bench:
        away, told = Away(bench.hub), []
        away.refuse = "unauthorized"
        sender = Sender(Station(away, Actor(), bench.desk), Outbox(tmp_path), bench.desk)
        sender.trouble.connect(lambda error: told.append(error.code))
        sender.start()
        await sender.submit(entry("k"), "kim")
        await until(lambda: len(away.asked) > 2)
        assert (told, sender.waiting) == (["unauthorized"], 1)
        away.refuse = ""
        await until(lambda: sender.waiting == 0)


async def test_that_an_entry_the_hub_refuses_is_kept_aside_with_its_reason(open_bench, tmp_path, quick):
    async with open_bench(save(diameter(), plans=[known_limits()])) as bench:
        sender = Sender(bench.station, Outbox(tmp_path), bench.desk)
        refused = []
        sender.refused.connect(lambda waiting, error, kept: refused.append((error.code, kept)))
        sender.start()
        await sender.submit(entry("k", 10, 11), "kim")
        await until(lambda: refused)
        assert refused == [("subgroup_incomplete", str(next(tmp_path.glob("*.refused"))))]
        assert sender.waiting == 0


async def test_that_an_entry_kept_before_the_folder_is_read_is_sent_once(open_bench, tmp_path, quick):
    async with open_bench(save(diameter(), plans=[known_limits()])) as bench:
        sender = Sender(bench.station, Outbox(tmp_path), bench.desk)
        refused = []
        sender.refused.connect(lambda waiting, error, kept: refused.append(error.code))
        await sender.submit(entry("k", 10, 11), "kim")
        sender.start()
        await until(lambda: refused and sender.waiting == 0)
        assert refused == ["subgroup_incomplete"]


# -- the due list ------------------------------------------------------------------------------------------------------


async def test_that_the_list_has_overdue_first_then_due_then_what_comes(open_bench, qtbot):
    names = [diameter(code=code, name_en=code) for code in ("A", "B", "C", "D")]
    async with open_bench(save(*names)) as bench:
        station = bench.station
        targets = [Target(station, one) for one in (1, 2, 3, 4)]
        at = NOON + timedelta(minutes=30)
        due = {
            targets[1]: m.SampleDue(characteristic_id=2, next_at=at, last_at=NOON),
            targets[2]: m.SampleDue(characteristic_id=3, due_at=NOON, next_at=at),
            targets[3]: m.SampleDue(characteristic_id=4, due_at=NOON, next_at=at, overdue_minutes=9),
        }
        rows = rows_of(targets, due, {station: NOON + timedelta(minutes=15)})
        assert [row.name for row in rows] == ["D", "C", "B", "A"]
        assert [row.share for row in rows] == [0.0, 0.0, 0.5, 0.0]
        assert state_text(rows[0]) == "9 min overdue"
        assert state_text(rows[3]) == "without a sampling plan"
        model = DueModel()
        tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
        model.show_rows(rows)
        model.show_rows(rows[:2])
        model.show_rows(())
        assert tester.model() is model
