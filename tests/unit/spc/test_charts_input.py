"""Bad input: every chart names the argument and what is allowed; no numpy warning (an error here), no wrong number."""

import math

import msgspec
import numpy as np
import pytest

import spc_desktop.spc
from spc_desktop.spc.charts import CHARTS, Limits, Observation
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.run_rules import RULE_SETS, Rule, RuleSet

SUBGROUP_CHARTS = ["xbar_r", "xbar_s", "r", "s", "median", "i_mr_r", "i_mr_s", "dnom_xbar_r"]
INDIVIDUALS_CHARTS = ["i_mr", "z_mr", "dnom_i_mr"]
EITHER_CHARTS = ["moving_average", "ewma", "cusum", "zone"]
STANDARDS = {"center": 10.0, "sigma": 1.5}


@pytest.mark.parametrize("name", [*SUBGROUP_CHARTS, *INDIVIDUALS_CHARTS, *EITHER_CHARTS])
@pytest.mark.parametrize(
    "data",
    [
        [],
        np.empty(0),
        np.empty((0, 3)),
        [[], []],
        [math.nan, math.nan],
        np.full((4, 3), np.nan),
        [5.0],
        [[5.0, 5.0], [5.0, 5.0]],
        [5.0, 5.0, 5.0],
        [[0.1, 0.1, 0.1], [0.1, 0.1, 0.1]],
        [0.1, 0.1, 0.1],
        [1.0, math.inf, 2.0],
        [[1.0, 2.0], [-math.inf, 2.0]],
        [[1.0, 2.0], [1.0]],
        ["a", "b"],
        [1e300, -1e300, 2.0],
        np.zeros((2, 2, 2)),
        [Observation(()), Observation(())],
        [Observation(("x",)), Observation((1.0,))],
        7,
        None,
    ],
    ids=str,
)
def test_that_a_baseline_without_meaning_is_refused(name, data):
    with pytest.raises(SpcValueError) as error:
        CHARTS[name].estimate(data)
    assert error.value.argument
    assert error.value.allowed


@pytest.mark.parametrize("name", SUBGROUP_CHARTS)
def test_that_one_value_per_subgroup_is_refused_where_variation_comes_from_within(name):
    for data in ([1.0, 2.0, 4.0], [[1.0], [2.0]], [[1.0, math.nan], [2.0, math.nan]]):
        with pytest.raises(SpcValueError, match=r"at least 2 values (per|in some) subgroup"):
            CHARTS[name].estimate(data)


@pytest.mark.parametrize("name", INDIVIDUALS_CHARTS)
def test_that_subgroups_are_refused_by_charts_of_individuals(name):
    with pytest.raises(SpcValueError, match="one value per observation"):
        CHARTS[name].estimate([[1.0, 2.0], [2.0, 3.0]])
    chart = CHARTS["i_mr"]
    monitor = chart.monitor(chart.given(STANDARDS))
    with pytest.raises(SpcValueError, match="one value per observation"):
        monitor.step(monitor.start(), Observation((1.0, 2.0)))
    with pytest.raises(SpcValueError, match="one value per observation"):
        monitor.run([[1.0, 2.0]])


@pytest.mark.parametrize("name", ["i_mr", "xbar_r", "ewma", "cusum", "zone", "pre_control"])
@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e200, "x"])
def test_that_a_value_that_is_no_measurement_is_refused_and_the_state_stays(name, value):
    chart = CHARTS[name]
    monitor = chart.monitor(chart.given({"lsl": 0.0, "usl": 9.0} if name == "pre_control" else STANDARDS))
    state, _ = monitor.step(monitor.start(), Observation((9.0,)))
    with pytest.raises(SpcValueError, match="values: "):
        monitor.step(state, Observation((value,)))
    assert monitor.step(state, Observation((8.0,)))[1].position == 1


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("i_mr", {"center": 1.0}, "sigma: a finite number"),
        ("i_mr", {"sigma": 1.0}, "center: a finite number"),
        ("i_mr", {"center": 1.0, "sigma": 0.0}, "sigma: above 0"),
        ("i_mr", {"center": 1.0, "sigma": -2.0}, "sigma: above 0"),
        ("i_mr", {"center": math.nan, "sigma": 1.0}, "center: a finite number"),
        ("i_mr", {"center": "1", "sigma": 1.0}, "center: a finite number"),
        ("i_mr", {"center": 1.0, "sigma": 1.0, "mean": 2.0}, "params: one of center, sigma"),
        ("xbar_r", {"center": 1.0, "sigma": math.inf}, "sigma: a finite number"),
        ("z_mr", {"means": {"a": 1.0}, "sigmas": {"b": 1.0}}, "means and sigmas"),
        ("acceptance", {"sigma": 1.0}, "a lower or an upper specification limit"),
        ("acceptance", {"sigma": 1.0, "lsl": 3.0, "usl": 3.0}, "lsl: below usl = 3"),
        (
            "acceptance",
            {"sigma": 5.0, "lsl": 3.0, "usl": 4.0},
            "sigma: below 0.1666.*so that the specification is wide enough",
        ),
        ("pre_control", {"lsl": 3.0}, "both specification limits"),
        ("pre_control", {"lsl": 3.0, "usl": 1.0}, "lsl: below usl = 1"),
    ],
)
def test_that_standards_without_meaning_are_refused(name, params, message):
    with pytest.raises(SpcValueError, match=message):
        CHARTS[name].given(params)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("i_mr", {"nsigmas": 3}, "options: one of nsigma, limits"),
        ("i_mr", {"nsigma": 0}, "nsigma: above 0"),
        ("i_mr", {"nsigma": "3"}, "nsigma: a finite number"),
        ("i_mr", {"span": 1}, "span: a whole number from 2"),
        ("i_mr", {"span": "3"}, "span: a whole number from 2"),
        ("moving_average", {"span": None}, "span: a whole number from 2"),
        ("i_mr", {"limits": "wide"}, "limits: one of sigma, probability"),
        ("i_mr", {"limits": "probability", "alpha": 1.0}, "alpha: above 0 and below 1"),
        ("i_mr", {"constants": "rounded"}, "constants: one of exact, aiag"),
        ("ewma", {"lambda": 0.0}, "lambda: above 0 and at most 1"),
        ("ewma", {"lambda": 1.2}, "lambda: above 0 and at most 1"),
        ("ewma", {"variance": "both"}, "variance: one of exact, asymptotic"),
        ("cusum", {"h": 0.0}, "h: above 0"),
        ("cusum", {"k": -1.0}, "k: at least 0"),
        ("cusum", {"head_start": 5.0}, "head_start: at least 0 and below h"),
        ("moving_average", {"span": 1}, "span: a whole number"),
        ("zone", {"scores": [0, 2, 4]}, "scores: 4 numbers"),
        ("zone", {"scores": [4, 2, 4, 8]}, "scores: 4 numbers"),
        ("zone", {"threshold": 0}, "threshold: above 0"),
    ],
)
def test_that_options_without_meaning_are_refused(name, options, message):
    with pytest.raises(SpcValueError, match=message):
        CHARTS[name].given(STANDARDS, options)


def test_that_estimator_choices_are_refused_by_name():
    with pytest.raises(SpcValueError, match="estimator: one of rbar"):
        CHARTS["xbar_r"].estimate([[1.0, 2.0]], {"estimator": "range"})
    with pytest.raises(SpcValueError, match="weights: one of mvlue"):
        CHARTS["xbar_r"].estimate([[1.0, 2.0]], {"weights": "none"})
    with pytest.raises(SpcValueError, match="one value per row for the estimator 'mrbar'"):
        CHARTS["xbar_r"].estimate([[1.0, 2.0]], {"estimator": "mrbar"})
    with pytest.raises(SpcValueError, match="center: one of mean, median"):
        CHARTS["median"].estimate([[1.0, 2.0]], {"center": "mode"})
    with pytest.raises(SpcValueError, match="from 2 to 25"):
        CHARTS["xbar_r"].estimate(np.arange(60.0).reshape(2, 30), {"constants": "aiag"})


def test_that_positions_outside_the_data_are_refused():
    chart = CHARTS["i_mr"]
    for wrong in ([3], [-1], [0.5], [[0, 1]]):
        with pytest.raises(SpcValueError, match="baseline: 0-based positions below 3"):
            chart.estimate([1.0, 2.0, 4.0], baseline=wrong)
    with pytest.raises(SpcValueError, match="exclusions: 0-based positions below 3"):
        chart.estimate([1.0, 2.0, 4.0], exclusions={7: "typo"})
    with pytest.raises(SpcValueError, match="at least one measured observation"):
        chart.estimate([1.0, 2.0, 4.0], baseline=[])


def test_that_limits_of_another_chart_are_refused():
    limits = CHARTS["i_mr"].given(STANDARDS)
    with pytest.raises(SpcValueError, match="limits of the chart 'xbar_r', got 'i_mr'"):
        CHARTS["xbar_r"].monitor(limits)
    with pytest.raises(SpcValueError, match="limits for at least one stage"):
        CHARTS["i_mr"].monitor({})


def test_that_rules_without_meaning_on_a_panel_are_refused_with_the_reason():
    nelson = RULE_SETS["nelson"]
    ewma, imr, acceptance = CHARTS["ewma"], CHARTS["i_mr"], CHARTS["acceptance"]
    with pytest.raises(SpcValueError, match="not independent"):
        ewma.monitor(ewma.given(STANDARDS), nelson)
    with pytest.raises(SpcValueError, match="panels of this chart: i, mr"):
        imr.monitor(imr.given(STANDARDS), {"r": nelson})
    with pytest.raises(SpcValueError, match="no standard deviation to measure them in"):
        acceptance.monitor(acceptance.given({"sigma": 0.1, "usl": 5.0}), nelson)
    with pytest.raises(SpcValueError, match="k: "):
        imr.monitor(imr.given(STANDARDS), RuleSet("own", (Rule("r", "run", k=0),)))


def test_that_dispersion_panels_get_rule_1_only_unless_asked():
    chart = CHARTS["xbar_r"]
    limits = chart.given(STANDARDS)
    data = [[10.0 + 0.1 * i, 10.0] for i in range(12)]
    bare = chart.monitor(limits, RULE_SETS["nelson"]).run(data).panels
    assert set(bare[0].signals) > {"nelson_1", "nelson_2"}
    assert set(bare[1].signals) == {"nelson_1"}
    asked = chart.monitor(limits, {"r": RULE_SETS["nelson"]}).run(data).panels
    assert asked[1].signals["nelson_3"].size
    assert set(asked[0].signals) == {"nelson_1"}


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_that_every_panel_has_a_key_of_its_own_and_options_can_be_stored(name):
    chart = CHARTS[name]
    keys = [panel.key for panel in chart.panels]
    assert len(set(keys)) == len(keys)
    assert msgspec.json.decode(msgspec.json.encode(dict(chart.options()))) == dict(chart.options())


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("xbar_r", [[1.0, 2.0], [3.0, 5.0]]),
        ("i_mr", [1.0, 2.0, 4.0]),
        ("i_mr_s", [[1.0, 2.0], [3.0, 5.0], [9.0, 8.0]]),
        ("z_mr", [Observation((v,), part=p) for v, p in ((1.0, "a"), (2.0, "a"), (7.0, "b"), (9.0, "b"))]),
        ("cusum", [1.0, 2.0, 4.0]),
    ],
)
def test_that_limits_survive_storage_and_judge_alike(name, data):
    chart = CHARTS[name]
    limits = chart.estimate(
        data,
        {"sigma_method": "by_run"} if name == "z_mr" else None,
        exclusions={0: "start-up"} if name == "i_mr" else None,
    )
    stored = msgspec.json.decode(msgspec.json.encode(limits), type=Limits)
    assert stored.params == {
        **limits.params,
        **({"runs": [list(run) for run in limits.params["runs"]]} if name == "z_mr" else {}),
    }
    assert stored.provenance == limits.provenance
    one, other = chart.monitor(limits).run(data), chart.monitor(stored).run(data)
    for mine, theirs in zip(one.panels, other.panels, strict=True):
        assert mine.value.tobytes() == theirs.value.tobytes()
        assert np.array(mine.ucl).tobytes() == np.array(theirs.ucl).tobytes()


def test_that_limits_tell_where_they_come_from():
    rows = [Observation((v,), excluded=v == 99.0) for v in (1.0, 2.0, 99.0, 4.0, 3.0)] + [Observation(())]
    taken = [0, 1, 2, 3, 4, 5]
    limits = CHARTS["i_mr"].estimate(rows, {"constants": "aiag"}, baseline=taken, exclusions={0: "warm-up"})
    assert (limits.provenance.estimator, limits.provenance.constants) == ("mrbar", "aiag")
    assert limits.provenance.baseline == (1, 3, 4)
    assert limits.provenance.exclusions == ((0, "warm-up"), (2, ""))
    assert limits.params == {"center": 3.0, "sigma": 1 / 1.128}


def test_that_every_public_name_is_there():
    homes = [entry.partition("=")[0] for names in spc_desktop.spc._HOME.values() for entry in names.split()]
    assert sorted(homes) == sorted(spc_desktop.spc.__all__)
    for name in spc_desktop.spc.__all__:
        assert getattr(spc_desktop.spc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'sigmas'"):
        _ = spc_desktop.spc.sigmas
