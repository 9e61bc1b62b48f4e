"""Normality tests against other implementations, their error rate, and samples they cannot judge."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spc_desktop.spc import normality
from spc_desktop.spc.errors import SpcValueError

TESTS = [
    normality.anderson_darling,
    normality.cramer_von_mises,
    normality.lilliefors,
    normality.shapiro_wilk,
    normality.shapiro_francia,
    normality.ryan_joiner,
    normality.jarque_bera,
]
X = np.random.default_rng(4).normal(10, 2, 60)


def test_that_statistics_agree_with_another_library() -> None:
    standardised = (X - X.mean()) / X.std(ddof=1)
    assert normality.lilliefors(X).statistic == pytest.approx(
        float(stats.kstest(standardised, "norm").statistic), rel=1e-12
    )
    assert normality.cramer_von_mises(X).statistic == pytest.approx(
        float(stats.cramervonmises(standardised, "norm").statistic), rel=1e-12
    )
    assert normality.jarque_bera(X).statistic == pytest.approx(float(stats.jarque_bera(X).statistic), rel=1e-12)
    assert normality.jarque_bera(X).p == pytest.approx(float(stats.jarque_bera(X).pvalue), rel=1e-12)


@pytest.mark.parametrize("test", TESTS)
def test_that_about_five_per_cent_of_normal_samples_are_rejected_at_five_per_cent(test: object) -> None:
    rng = np.random.default_rng(8)
    rejected = sum(test(rng.normal(0, 1, 50)).p < 0.05 for _ in range(800))  # type: ignore[operator]
    assert 0.02 < rejected / 800 < 0.075


@pytest.mark.parametrize("test", TESTS)
def test_that_a_clearly_skewed_sample_is_rejected(test: object) -> None:
    assert test(np.random.default_rng(9).exponential(1, 150)).p <= 0.01  # type: ignore[operator]


@pytest.mark.parametrize("test", TESTS)
@given(shift=st.floats(-1e5, 1e5), scale=st.floats(1e-3, 1e3))
@settings(max_examples=15, deadline=None)
def test_that_the_unit_of_measurement_does_not_matter(test: object, shift: float, scale: float) -> None:
    one, other = test(X), test(X * scale + shift)  # type: ignore[operator]
    assert other.statistic == pytest.approx(one.statistic, rel=1e-8 * (1 + abs(shift) / scale))


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [5.0] * 20, [1.0, 2.0, math.inf, 3.0, 4.0]])
def test_that_samples_without_shape_are_refused(test: object, values: list[float]) -> None:
    with pytest.raises(SpcValueError) as caught:
        test(values)  # type: ignore[operator]
    assert caught.value.argument == "values"


def test_that_missing_values_are_left_out() -> None:
    assert normality.anderson_darling([*X, math.nan, None]) == normality.anderson_darling(X)


def test_that_a_p_value_outside_its_tables_is_not_invented() -> None:
    many = np.random.default_rng(1).normal(size=6000)
    assert normality.shapiro_wilk(many).p is None
    assert normality.shapiro_francia(many).p is None
    assert normality.shapiro_francia(X[:4]).p is None
    assert normality.shapiro_wilk(many).statistic == pytest.approx(1.0, abs=0.01)


def test_that_far_outliers_give_a_tiny_p_without_an_overflow() -> None:
    x = np.concatenate([X, [1e6]])
    assert normality.anderson_darling(x).p == 3.7e-24
    assert normality.cramer_von_mises(x).p == 7.37e-10


def test_that_moments_of_a_symmetric_sample_vanish() -> None:
    shape = normality.moments([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert shape.g1 == 0.0
    assert shape.g2 == pytest.approx(-1.3)
    assert shape.big_g2 == pytest.approx(-1.2)
    assert normality.moments([1.0, 2.0]).big_g1 is None
