"""The capability review: what counts, when an index may be trusted, how it is ranked."""

from datetime import timedelta

import numpy as np
import pytest

from spc_desktop.domain.control_plan import ControlPlan
from spc_desktop.domain.point import PanelValue, Point
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.domain.review import CHOICES, Standing, fingerprint, review, what_if
from spc_desktop.domain.watch import make_watch
from spc_desktop.spc import Specification, Violation, capability_study
from tests.fakes import NOON

PRODUCT = Product(id=1, code="SHAFT", name="축")


def watch(chart="xbar_r", size=5, lsl=9.0, usl=11.0, target=10.0, min_cpk=1.33):
    own = Characteristic(id=1, product_id=1, code="D", name="지름", lsl=lsl, usl=usl, target=target, subgroup_size=size)
    return make_watch(PRODUCT, own, ControlPlan(characteristic_id=1, chart=chart, min_cpk=min_cpk), None)


def points(values, *, excluded=(), signals=(), sizes=None, parts=None):
    def panel(at):
        found = (Violation("nelson_1", (at,)),) if at in signals else ()
        return PanelValue(1.0, violations=found)

    return [
        Point(
            characteristic_id=1,
            index=at,
            subgroup_number=at + 1,
            measured_at=NOON + timedelta(minutes=at),
            values=tuple(np.atleast_1d(row).tolist()),
            panels=(panel(at),),
            size=None if sizes is None else sizes[at],
            excluded=at in excluded,
            part="" if parts is None else parts[at],
        )
        for at, row in enumerate(values)
    ]


def normal(subgroups=40, size=5, sigma=0.2, seed=7):
    return np.random.default_rng(seed).normal(10.0, sigma, (subgroups, size))


def test_that_a_stable_normal_process_is_judged_by_the_bound_of_its_cpk():
    values = normal()
    found = review(watch(), points(values))
    study = capability_study(values, Specification(9.0, 11.0, 10.0), "rbar")
    assert found.study == study
    assert (found.index, found.bound) == (study.within.cpk, study.within.cpk_bound)
    assert found.trusted
    assert found.standing is Standing.CAPABLE
    assert found.risk == study.within.cpk_bound / 1.33


def test_that_an_index_above_what_is_required_counts_only_when_its_bound_is_above_too():
    values = normal(subgroups=25)
    cpk = review(watch(), points(values)).index
    assert review(watch(min_cpk=cpk + 0.01), points(values)).standing is Standing.INCAPABLE
    assert review(watch(min_cpk=cpk - 0.01), points(values)).standing is Standing.UNPROVEN


def test_that_points_left_out_count_nowhere_and_are_kept_for_the_picture():
    values = normal()
    spoiled = values.copy()
    spoiled[3] += 5
    found = review(watch(), points(spoiled, excluded={3}, signals={3}))
    kept = review(watch(), points(np.delete(values, 3, axis=0)))
    assert found.index == kept.index
    assert found.gates == kept.gates
    assert len(found.points) == 40


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("stable", {"values": normal(), "signals": {4}}),
        ("size", {"values": normal(subgroups=24)}),
        ("size", {"values": normal(subgroups=40, size=2)}),
        ("normal", {"values": 9.5 + np.random.default_rng(1).exponential(0.2, (40, 5))}),
    ],
)
def test_that_each_gate_closes_by_itself(kind, given):
    values = given.pop("values")
    found = review(watch(size=values.shape[1]), points(values, **given))
    assert [gate.kind for gate in found.gates if not gate.passed] == [kind]
    assert not found.trusted
    assert found.index is not None


def test_that_the_gate_of_size_says_how_many_subgroups_are_missing():
    few = review(watch(), points(normal(subgroups=10))).gates[1]
    assert few.found["missing"] == 15
    small = review(watch(size=2), points(normal(subgroups=40, size=2))).gates[1]
    assert small.found["missing"] == 10
    assert small.found["values"] + 2 * small.found["missing"] == 100


@pytest.mark.parametrize("choice", [choice for choice in CHOICES if choice != "best"])
def test_that_every_distribution_has_scores_that_rise_with_the_value(choice):
    values = np.random.default_rng(3).lognormal(2.3, 0.05, (14, 5))
    found = review(watch(lsl=5.0, usl=16.0), points(values), choice)
    assert found.problem is None
    assert found.law.name == choice
    scores = found.law.score(np.sort(found.values))
    scores = scores[np.isfinite(scores)]
    assert scores.size > 60
    assert (np.diff(scores) >= -1e-9).all()


def test_that_a_skewed_process_is_trusted_under_the_distribution_that_fits_and_not_under_one_that_does_not():
    values = 0.3 * np.random.default_rng(2).weibull(1.3, (60, 5))
    at = points(values)
    skewed = watch(lsl=None, usl=3.0, target=None)
    assert not review(skewed, at).trusted
    assert review(skewed, at, "weibull").trusted
    assert not review(skewed, at, "logistic").trusted
    assert review(skewed, at, "best").law.name == "weibull"


def test_that_a_trend_is_told_only_where_it_is_certain():
    calm = normal(subgroups=60)
    assert review(watch(), points(calm)).trend == 0
    worse = np.concatenate([normal(30, sigma=0.1), normal(30, sigma=0.3, seed=8)])
    assert review(watch(), points(worse)).trend == -1
    assert review(watch(), points(worse[::-1])).trend == 1


def test_that_counts_have_their_rate_with_its_interval_and_no_index():
    found = review(watch("p", 1, None, None, None), points([[2.0], [0.0], [1.0]], sizes=[50, 50, 50]))
    assert (found.counts.defectives, found.counts.inspected) == (3, 150)
    assert found.index is None
    assert found.standing is Standing.NONE
    per_unit = review(watch("u", 1, None, None, None), points([[4.0], [2.0]], sizes=[2, 1]))
    assert per_unit.counts.dpu == 2.0


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("no_spec", lambda: review(watch(lsl=None, usl=None), points(normal()))),
        ("no_points", lambda: review(watch(), [])),
        ("no_points", lambda: review(watch(), points(normal(3), excluded={0, 1, 2}))),
        ("no_points", lambda: review(watch("c", 1, None, None, None), [])),
        ("no_capability", lambda: review(watch(), points(np.full((30, 5), 10.0)))),
        ("no_capability", lambda: review(watch(size=1, chart="i_mr"), points([[10.0]]))),
        ("no_capability", lambda: review(watch(), points(normal() - 20), "lognormal")),
        ("not_for_counts", lambda: review(watch("g", 1, None, None, None), points([[3.0]]))),
        ("not_for_parts", lambda: review(watch("z_mr", 1), points([[10.0], [20.0]], parts=["A", "B"]))),
    ],
)
def test_that_what_has_no_study_says_why(code, found):
    made = found()
    assert made.problem.code == code
    assert made.study is None
    assert made.risk == float("inf")


def test_that_a_change_that_is_only_asked_for_moves_the_index_as_it_should():
    found = review(watch(), points(normal() + 0.2))
    same = what_if(found, centred=False, less=0.0)
    assert same.cpk == pytest.approx(found.study.within.cpk)
    centred = what_if(found, centred=True, less=0.0)
    assert centred.cpk == pytest.approx(centred.cp) == pytest.approx(found.study.within.cp)
    assert what_if(found, centred=False, less=0.2).cpk == pytest.approx(same.cpk / 0.8)
    one_sided = review(watch(lsl=None), points(normal()))
    assert what_if(one_sided, centred=True, less=0.0).cp is None


def test_that_the_fingerprint_tells_any_change_of_the_data():
    values = normal()
    same = {fingerprint(review(watch(), points(values))) for _ in range(2)}
    changed = values.copy()
    changed[7, 2] = np.nextafter(changed[7, 2], 11)
    others = {
        fingerprint(review(watch(), points(changed))),
        fingerprint(review(watch(), points(values, excluded={7}))),
        fingerprint(review(watch(usl=11.5), points(values))),
    }
    assert len(same) == 1
    assert len(same | others) == 4
