"""From points to alarms and their sentences, in both languages."""

import ast
from pathlib import Path

import pytest

import spc_desktop
from spc_desktop.domain import wording
from spc_desktop.domain.alert import AlertType, Priority
from spc_desktop.domain.monitor import MonitorState, step
from spc_desktop.domain.signals import capability_observed, observe
from spc_desktop.i18n import placeholders, translate
from tests.fakes import diameter, known_limits, measured
from tests.unit.domain.test_monitor import watch_of

ABOUT = {"char": "외경", "char_en": "Outer diameter", "decimals": 2}


def observed_of(watch, *items):
    state, next_id, seen = MonitorState(), 1, []
    for item in items:
        done = step(watch, state, item, next_id)
        state, next_id = done.state, next_id + len(done.measurements)
        seen += observe(done.watch, done)
    return seen


def test_that_each_kind_of_alarm_has_its_type_and_priority():
    watch = watch_of(plan=known_limits(rules=("nelson_1", "nelson_2", "nelson_3")))
    seen = observed_of(watch, measured(12.0), measured(*[10.05] * 9), measured(10.1, 10.15, 10.2, 10.25, 10.3, 10.35))
    kinds = {(signal.alert_type, signal.priority) for observed in seen for signal in observed.fired}
    assert kinds == {
        (AlertType.OUT_OF_SPEC, Priority.URGENT),
        (AlertType.OUT_OF_CONTROL, Priority.HIGH),
        (AlertType.RUN_RULE, Priority.MEDIUM),
        (AlertType.TREND, Priority.MEDIUM),
    }


def test_that_a_value_out_of_specification_is_an_alarm_before_its_subgroup_is_full():
    watch = watch_of(diameter(id=1, product_id=1, subgroup_size=3), known_limits("xbar_r"))
    seen = observed_of(watch, measured(10.0), measured(11.5))
    (signal,) = seen[-1].fired
    assert (signal.code, signal.params["value"], seen[-1].point_index) == ("out_of_spec", 11.5, 0)


def test_that_closing_the_subgroup_does_not_count_the_same_value_again():
    watch = watch_of(diameter(id=1, product_id=1, subgroup_size=2), known_limits("xbar_r"))
    seen = observed_of(watch, measured(11.5), measured(8.6))
    assert [len([s for s in one.fired if s.code == "out_of_spec"]) for one in seen] == [1, 1]
    seen = observed_of(watch, measured(11.5), measured(10.0))
    assert [len([s for s in one.fired if s.code == "out_of_spec"]) for one in seen] == [1, 0]
    assert seen[1].held == {"SHAFT/OD/spec/out_of_spec"}


def test_that_of_several_values_out_of_specification_the_worst_is_told():
    watch = watch_of(diameter(id=1, product_id=1, subgroup_size=3), known_limits("xbar_r"))
    fired = observed_of(watch, measured(11.2, 7.0, 11.5))[0].fired
    assert next(signal for signal in fired if signal.code == "out_of_spec").params["value"] == 7.0


def test_that_capability_fires_below_the_demanded_index_and_returns_above_it():
    watch = watch_of()
    assert capability_observed(watch, 1.2, 3).fired[0].params["min"] == 1.33
    assert capability_observed(watch, 1.5, 3).settles == {"SHAFT/OD/capability/cpk"}
    assert capability_observed(watch, None, 3).settles == frozenset()


@pytest.mark.parametrize(
    ("code", "params", "english", "korean"),
    [
        (
            "out_of_spec",
            {"value": 11.512, "lsl": 9.0, "usl": 11.0, "unit": "mm"},
            "Outer diameter — out of spec: 11.51 mm (spec 9.00 – 11.00)",
            "외경 — 규격이탈: 11.51 mm (규격 9.00 ~ 11.00)",
        ),
        (
            "out_of_spec",
            {"value": 11.512, "usl": 11.0},
            "Outer diameter — out of spec: 11.51 (spec at most 11.00)",
            "외경 — 규격이탈: 11.51 (규격상한 11.00)",
        ),
        (
            "nelson_1",
            {"kind": "beyond", "value": 10.7, "ucl": 10.6, "lcl": 9.4},
            "Outer diameter — beyond control limit (10.70, UCL 10.60)",
            "외경 — 관리한계 이탈 (10.70, 관리상한 10.60)",
        ),
        (
            "nelson_1",
            {"kind": "beyond", "value": 9.1, "ucl": 10.6, "lcl": 9.4, "panel": "MR"},
            "Outer diameter [MR] — beyond control limit (9.10, LCL 9.40)",
            "외경 [MR] — 관리한계 이탈 (9.10, 관리하한 9.40)",
        ),
        (
            "nelson_2",
            {"kind": "run", "k": 9, "n": 9, "sigma": 3.0},
            "Outer diameter — 9 points in a row on one side of centre line",
            "외경 — 중심선 한쪽 연속 9점",
        ),
        (
            "nelson_5",
            {"kind": "zone", "k": 2, "n": 3, "sigma": 2.0},
            "Outer diameter — 2 of 3 points beyond 2σ, same side",
            "외경 — 3점 중 2점이 A 구역(2σ 밖)",
        ),
        (
            "capability_low",
            {"cpk": 1.1, "min": 1.33, "value": 1.1},
            "Outer diameter — capability below target: Cpk 1.10 (min 1.33)",
            "외경 — 공정능력 미달: Cpk 1.10 (기준 1.33)",
        ),
    ],
)
def test_that_an_alert_is_told_in_both_languages(code, params, english, korean):
    assert wording.alert_message(code, {**ABOUT, **params}, "en") == english
    assert wording.alert_message(code, {**ABOUT, **params}, "ko") == korean


def test_that_a_rule_of_a_later_version_still_has_a_sentence():
    message = wording.alert_message("future_9", {**ABOUT, "kind": "spiral", "value": 10.0}, "en")
    assert message == "Outer diameter — rule future_9 broken at 10.00"
    assert wording.alert_title("future_9", {"kind": "spiral"}, "en") == "Run rule broken"


def test_that_an_error_without_its_parameters_still_speaks():
    assert "?" in wording.error_text("limits_order", {}, "en")
    assert "mystery" in wording.error_text("mystery", {}, "en")


def _codes_raised():
    """Yield package and code of every error that is raised with a literal code."""
    for path in Path(spc_desktop.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name in {"UserError", "KnownError"} and node.args and isinstance(node.args[0], ast.Constant):
                yield path.parent.name, node.args[0].value


def test_that_every_error_of_domain_and_hub_has_a_sentence():
    raised = {code for package, code in _codes_raised() if package in {"domain", "hub"}}
    assert raised
    assert {code for code in raised if "could not be carried out" in wording.error_text(code, {}, "en")} == set()


def test_that_every_korean_sentence_keeps_its_placeholders():
    texts = [*wording._TITLES.values(), *wording._SENTENCES.values(), *wording._ERRORS.values()]
    assert texts
    for text in texts:
        korean = translate(text, "ko")
        assert korean != text, text
        assert placeholders(korean) == placeholders(text), text
