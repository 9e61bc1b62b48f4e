"""Every chart that is offered for some data can really show them, and no other one of the registry could."""

import numpy as np
import pytest

from spc_desktop.domain.control_plan import ControlPlan
from spc_desktop.domain.fitting import fitting_charts, shared_options
from spc_desktop.spc.charts import CHARTS, Observation
from spc_desktop.spc.errors import SpcValueError
from tests.fakes import diameter

RANDOM = np.random.default_rng(5)


def measured(n):
    return [Observation(tuple(RANDOM.normal(10, 0.1, n).tolist())) for _ in range(40)]


def can_show(name, observations):
    chart = CHARTS[name]
    options = {key: value for key, value in {"lsl": 9.0, "usl": 11.0}.items() if key in chart.options()}
    try:
        limits = chart.estimate(observations, options)
        chart.monitor(limits).run(observations)
    except SpcValueError:
        return False
    return True


@pytest.mark.parametrize(("own", "n"), [("i_mr", 1), ("xbar_r", 5)])
def test_that_measurements_are_offered_all_charts_that_can_show_them_and_no_others(own, n):
    data = measured(n)
    kinds = {"variables", "individuals"}
    possible = {name for name, chart in CHARTS.items() if chart.data in kinds and not chart.by_part}
    able = {name for name in possible if can_show(name, data)}
    offered = set(fitting_charts(diameter(subgroup_size=n), ControlPlan(characteristic_id=1, chart=own)))
    assert offered <= able
    wrong = {"individuals"} if n > 1 else set()  # each value of a subgroup is no point of its own
    assert able - offered <= {name for name in able if CHARTS[name].data in wrong} | {"acceptance"}


@pytest.mark.parametrize(
    ("own", "offered"),
    [
        ("np", {"p", "np", "laney_p", "ewma_p", "cusum_p"}),
        ("u", {"u", "laney_u", "ewma_u", "cusum_u"}),
        ("c", {"c", "ewma_c", "cusum_c"}),
        ("g", {"g"}),
        ("t", {"t"}),
        ("t2", {"t2", "t2_i", "generalized_variance", "mewma"}),
        ("dnom_i_mr", {"z_mr", "dnom_i_mr", "dnom_xbar_r"}),
    ],
)
def test_that_counts_and_parts_are_offered_charts_of_their_own_kind(own, offered):
    found = set(fitting_charts(diameter(), ControlPlan(characteristic_id=1, chart=own)))
    assert found - {"dnom_xbar_r"} == offered - {"dnom_xbar_r"}


def test_that_charts_of_the_specification_need_one():
    plan = ControlPlan(characteristic_id=1, chart="i_mr")
    assert "pre_control" not in fitting_charts(diameter(lsl=None), plan)
    assert fitting_charts(diameter(), ControlPlan(characteristic_id=1, chart="unheard_of")) == ()


def test_that_only_options_of_the_same_meaning_are_shared():
    plan = ControlPlan(characteristic_id=1, chart="xbar_r", chart_options={"nsigma": 2.5, "estimator": "rbar"})
    assert shared_options(plan, CHARTS["xbar_s"]) == {"nsigma": 2.5}
