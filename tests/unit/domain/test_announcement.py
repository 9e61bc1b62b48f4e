"""Who is told of what, and when: products, priorities, quiet hours over midnight and time zones, alarms put off; in words."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from spc_desktop.domain.alert import Alert, AlertType, Priority, Status
from spc_desktop.domain.announcement import (
    NO_NEWS,
    NOT_SUBSCRIBED,
    QUIET,
    SNOOZED,
    Preferences,
    QuietHours,
    check_preferences,
    snooze,
    wants,
    why_not,
    with_product,
)
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.masks import Mask, MaskKind
from spc_desktop.domain.subscription import subscription_sentence
from tests.fakes import NOON

NIGHT = QuietHours(start=22 * 60, end=6 * 60)
ALERT = Alert(
    id=1, product_id=1, product_code="P", product_name="P", alert_type=AlertType.RUN_RULE, priority=Priority.HIGH,
    title="t", message="m", created_at=NOON, characteristic_id=2, key="P/OD/i/nelson_2",
)  # fmt: skip


def at(hour, minute=0, day=11):
    return NOON.replace(day=day, hour=hour, minute=minute)


def reason(wishes, alert=ALERT, now=NOON, change="raised"):
    why = why_not(wishes, alert, change, now)
    return "" if why is None else why.reason


@pytest.mark.parametrize(
    ("wishes", "wanted"),
    [
        (Preferences(), True),
        (Preferences(products=(1,)), True),
        (Preferences(products=(2,)), False),
        (Preferences(products=()), False),
        (Preferences(without=(1,)), False),
        (Preferences(characteristics=(2,)), True),
        (Preferences(characteristics=(3,)), False),
        (Preferences(types=(AlertType.OUT_OF_SPEC,)), False),
        (Preferences(min_priority=Priority.HIGH), True),
        (Preferences(min_priority=Priority.URGENT), False),
    ],
)
def test_that_every_part_of_a_subscription_narrows_it(wishes, wanted):
    assert wants(wishes, ALERT) is wanted
    assert (reason(wishes) == "") is wanted


def test_that_the_reason_says_what_was_not_chosen():
    assert reason(Preferences(products=(99,))) == NOT_SUBSCRIBED
    assert reason(Preferences(types=())) == "type"
    assert reason(Preferences(min_priority=Priority.URGENT)) == "priority"


def test_that_an_alert_about_no_characteristic_is_told_to_who_wants_its_product():
    assert wants(Preferences(characteristics=(9,)), msgspec.structs.replace(ALERT, characteristic_id=None))


@pytest.mark.parametrize(
    ("now", "quiet"),
    [(at(21, 59), False), (at(22), True), (at(23, 59), True), (at(0, 0, 12), True), (at(5, 59), True), (at(6), False)],
)
def test_that_quiet_hours_go_over_midnight_and_end_to_the_minute(now, quiet):
    assert reason(Preferences(quiet=(NIGHT,)), now=now) == (QUIET if quiet else "")
    if quiet:
        assert why_not(Preferences(quiet=(NIGHT,)), ALERT, "raised", now).until.strftime("%H:%M") == "06:00"


def test_that_urgent_alerts_break_quiet_hours():
    urgent = msgspec.structs.replace(ALERT, priority=Priority.URGENT)
    assert reason(Preferences(quiet=(NIGHT,)), urgent, at(23)) == ""
    only_louder = msgspec.structs.replace(NIGHT, except_priority=Priority.HIGH)
    assert reason(Preferences(quiet=(only_louder,)), ALERT, at(23)) == ""


def test_that_days_of_quiet_hours_are_those_on_which_they_begin():
    sunday_night = msgspec.structs.replace(NIGHT, days=(6,))  # 2026-01-11 is a Sunday
    wishes = Preferences(quiet=(sunday_night,))
    assert reason(wishes, now=at(5)) == ""
    assert reason(wishes, now=at(23)) == QUIET
    assert reason(wishes, now=at(5, day=12)) == QUIET
    assert reason(wishes, now=at(23, day=12)) == ""


def test_that_quiet_hours_of_a_zone_follow_its_clock_and_its_summer_time():
    wishes = Preferences(quiet=(msgspec.structs.replace(NIGHT, zone="Europe/Berlin"),))
    berlin = ZoneInfo("Europe/Berlin")
    for month in (1, 7):
        assert reason(wishes, now=datetime(2026, month, 5, 22, 30, tzinfo=berlin).astimezone(NOON.tzinfo)) == QUIET
        assert reason(wishes, now=datetime(2026, month, 5, 21, 30, tzinfo=berlin).astimezone(NOON.tzinfo)) == ""


def test_that_an_alarm_is_put_off_by_itself_and_comes_back():
    wishes = snooze(Preferences(snoozed={"old": NOON - timedelta(1)}), [ALERT.key], NOON + timedelta(minutes=15), NOON)
    other = msgspec.structs.replace(ALERT, key="P/OD/i/nelson_3")
    assert list(wishes.snoozed) == [ALERT.key]
    assert (reason(wishes), reason(wishes, other)) == (SNOOZED, "")
    assert reason(wishes, now=NOON + timedelta(minutes=15)) == ""


def test_that_what_is_masked_acknowledged_or_no_news_is_not_announced():
    masked = msgspec.structs.replace(ALERT, mask=Mask(kind=MaskKind.SHELVED, key=ALERT.key, since=NOON))
    assert reason(Preferences(), masked) == "masked"
    assert reason(Preferences(), ALERT, change="commented") == NO_NEWS
    assert reason(Preferences(), msgspec.structs.replace(ALERT, status=Status.ACKNOWLEDGED)) == NO_NEWS
    assert reason(Preferences(), ALERT, change="escalated") == ""


def test_that_products_are_switched_one_by_one():
    off = with_product(Preferences(), 1, wanted=False)
    assert off.without == (1,)
    assert with_product(off, 1, wanted=True) == Preferences()
    assert with_product(Preferences(products=(2,)), 1, wanted=True).products == (2, 1)


@pytest.mark.parametrize(
    "wishes",
    [
        Preferences(language="xx"),
        Preferences(digest_s=-1),
        Preferences(quiet=(QuietHours(start=60, end=60),)),
        Preferences(quiet=(QuietHours(start=0, end=1440),)),
        Preferences(quiet=(QuietHours(days=(7,), start=0, end=60),)),
        Preferences(snoozed={"k": NOON + timedelta(days=1)}),
        Preferences(channels=("pigeon",)),
        Preferences(channels=("email",)),
        Preferences(email="kim@example.com\nBcc: all@example.com"),
        Preferences(products=tuple(range(1001))),
    ],
)
def test_that_what_cannot_be_carried_out_is_refused(wishes):
    with pytest.raises(UserError) as caught:
        check_preferences(wishes, NOON)
    assert caught.value.code == "preferences_value"


def test_that_an_unknown_zone_is_refused():
    with pytest.raises(UserError) as caught:
        check_preferences(Preferences(quiet=(msgspec.structs.replace(NIGHT, zone="Mars/Base"),)), NOON)
    assert caught.value.code == "unknown_zone"


def test_that_a_subscription_reads_as_a_sentence_in_both_languages():
    wishes = Preferences(products=(1,), min_priority=Priority.HIGH, quiet=(NIGHT,), language="ko")
    names = {1: "Pump A", 2: "Pump B"}
    assert subscription_sentence(wishes, names, {}, "en") == (
        "All alerts of Pump A of priority 3 and up, not between 22:00 and 06:00, in Korean"
    )
    assert subscription_sentence(wishes, names, {}, "ko") == (
        "다음의 모든 경보: Pump A (우선순위 3 이상), 제외 시간 22:00~06:00, 한국어로"
    )
    full = Preferences(
        without=(2,), characteristics=(4,), types=(AlertType.OUT_OF_SPEC,), digest_s=600, sound=False,
        channels=("toast", "email"), email="kim@example.com",
        quiet=(QuietHours(days=(5, 6), start=0, end=60, zone="Asia/Seoul", except_priority=Priority.HIGH),),
    )  # fmt: skip
    assert subscription_sentence(full, names, {4: "Bore"}, "en") == (
        "All alerts of Bore, without Pump B, only out of specification, not between 00:00 and 01:00 (Sat, Sun) Asia/Seoul"
        " unless priority 3 and up, joined for 10 min unless urgent, without sound, by e-mail to kim@example.com"
    )
    assert subscription_sentence(Preferences(), names, {}, "ko") == "모든 경보"
    many = Preferences(products=tuple(range(1, 9)))
    assert subscription_sentence(many, names, {}, "en").endswith("Pump A, Pump B, #3, #4, #5, 3 more")
    assert subscription_sentence(Preferences(channels=()), names, {}, "en") == "No alert is announced."
