"""Control chart constants against their definitions, integrated by other software (scipy) than the engine's own."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from spc_desktop.spc import constants as k
from spc_desktop.spc import normal_order
from spc_desktop.spc.errors import SpcValueError


@pytest.mark.parametrize("n", [2, 3, 5, 10, 25, 26, 60, 500])
def test_that_d2_is_the_integral_of_tippett(n):
    def inner(x):
        return -math.expm1(n * stats.norm.logcdf(x)) - stats.norm.sf(x) ** n

    expected, _ = integrate.quad(inner, -12, 12, epsabs=1e-13, epsrel=1e-13, limit=400)
    assert k.d2(n) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("n", range(2, 26))
def test_that_the_table_is_what_integration_gives(n):
    assert k.d2(n) == pytest.approx(normal_order.mean_range(n), rel=1e-15)
    assert k.d3(n) == pytest.approx(normal_order.sd_range(n), rel=1e-15)
    assert k.d4(n) == pytest.approx(normal_order.range_quantile(0.5, n), rel=3e-15)
    assert k.sd_median(n) == pytest.approx(normal_order.sd_median(n), rel=1e-15)


def test_that_the_constants_of_two_have_their_closed_forms():
    assert k.d2(2) == pytest.approx(2 / math.sqrt(math.pi), rel=1e-15)
    assert k.d3(2) == pytest.approx(math.sqrt(2 - 4 / math.pi), rel=1e-12)
    assert k.d4(2) == pytest.approx(math.sqrt(2) * stats.norm.ppf(0.75), rel=1e-13)
    assert k.c4(2) == pytest.approx(math.sqrt(2 / math.pi), rel=1e-15)
    assert k.sd_median(2) == pytest.approx(math.sqrt(0.5), rel=1e-14)


@pytest.mark.parametrize("n", [2, 7, 40])
def test_that_range_quantiles_are_those_of_the_studentized_range(n):
    for p in (0.00135, 0.3, 0.99865):
        w = k.range_quantile(p, n)
        assert stats.studentized_range.cdf(w, n, np.inf) == pytest.approx(p, rel=1e-7)


@pytest.mark.parametrize("n", [2, 5, 100.5, 101, 102, 1e4, 1e7])
def test_that_c4_is_the_gamma_ratio(n):
    x = (n - 1) / 2
    expected = math.exp(math.lgamma(x + 0.5) - math.lgamma(x)) / math.sqrt(x)
    assert k.c4(n) == pytest.approx(expected, rel=max(1e-13, 3e-16 * abs(math.lgamma(x))))


def test_that_c4_has_no_step_where_its_series_takes_over():
    below, above = k.c4(101 - 1e-9), k.c4(101)
    assert above - below == pytest.approx(1e-9 / (4 * 100**2), rel=1e-4)


@pytest.mark.parametrize(
    ("n", "median_sd"), [(3, math.sqrt(1 - math.sqrt(3) / math.pi)), (1000, math.sqrt(math.pi / 2000))]
)
def test_that_the_median_has_the_standard_deviation_of_order_statistics(n, median_sd):
    assert k.sd_median(n) == pytest.approx(median_sd, rel=1e-14 if n == 3 else 1e-3)


def test_that_aiag_rounded_constants_are_the_printed_ones():
    five = k.constants(5, "aiag")
    assert (five.d2, five.A2, five.D3, five.D4, five.c4, five.A3, five.B4) == (
        2.326,
        0.577,
        0.0,
        2.114,
        0.94,
        1.427,
        2.089,
    )
    two = k.constants(2, "aiag")
    assert (two.d2, two.d4, two.D4, two.E2) == (1.128, 0.954, 3.267, 2.659)


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 400))
def test_that_factors_never_give_a_negative_lower_limit_and_limits_close_in(n):
    one, more = k.constants(n), k.constants(n + 1)
    assert min(one.D1, one.D3, one.B3, one.B5) >= 0
    assert one.D3 < 1 < one.D4
    assert more.A2 < one.A2
    assert more.A3 < one.A3


@pytest.mark.parametrize("n", [1, 0, -3, 2.5, math.nan, math.inf, 2**53 + 2, True, [], {}, "5", None])
def test_that_an_impossible_subgroup_size_is_refused(n):
    with pytest.raises(SpcValueError, match="n: a whole number from 2 to 9007199254740992"):
        k.constants(n)


# mpmath 1.4, 34 digits: twice the mean, and the root of twice the variance, of the largest of n values. Smallest and
# largest are related by less than 1e-10 of that from a million values on.
@pytest.mark.parametrize(
    ("n", "mean", "deviation"),
    [
        (20_000, 8.0375785134905148, None),
        (10**6, 9.72579497239292544, None),
        (10**9, 12.1753691688919173, 0.285832306307191606),
        (10**15, 16.0222814455574843, 0.220797618218448328),
        (2**53, 16.5544372181575338, 0.214018224393533393),
    ],
)
def test_that_constants_keep_twelve_digits_however_many_values(n, mean, deviation):
    found = k.constants(n)
    assert found.d2 == pytest.approx(mean, rel=1e-14)
    assert deviation is None or found.d3 == pytest.approx(deviation, rel=1e-13 if n > 10**9 else 1e-8)
    assert found.d4 < found.d2
    assert found.c5 * math.sqrt(2 * n) == pytest.approx(1, rel=1 / n)
    assert found.sd_median * math.sqrt(2 * n / math.pi) == pytest.approx(1, rel=1 / n if n > 10**9 else 1e-4)


@pytest.mark.parametrize(
    ("n", "mean", "deviation"),
    [
        (5, 2.32592894728103923, 0.864081941099504075),
        (30, 4.0855216883430219486, 0.69266509888342101378),
        (500, 6.0733986918578627336, 0.52348162163348714611),
        (1002, 6.4840188917111453857, 0.49666368862309949946),
        (20_000, 8.037578513490514802, 0.41472797132907381383),
        (10**6, 9.7257949723929254425, 0.3507313276517116791),
    ],
)
def test_that_mean_and_deviation_of_the_range_are_those_of_quadrature_with_30_digits(n, mean, deviation):
    """mpmath 1.4: both ends together, in panels of Gauss-Legendre over the trapezoid rule."""
    assert k.d2(n) == pytest.approx(mean, rel=1e-15)
    assert k.d3(n) == pytest.approx(deviation, rel=2e-14)


def test_that_nothing_jumps_where_the_grid_becomes_finer():
    for constant in (k.d2, k.d3, k.d4, k.sd_median, k.c5):
        before, at, after, then = (constant(normal_order.MANY + i) for i in (-2, 0, 2, 4))
        assert (at - before) - (after - at) == pytest.approx((after - at) - (then - after), abs=3e-8)


def test_that_unknown_tables_and_sizes_beyond_the_printed_table_are_refused():
    with pytest.raises(SpcValueError, match="constants: one of"):
        k.constants(5, "montgomery")
    with pytest.raises(SpcValueError, match="from 2 to 25"):
        k.constants(26, "aiag")
    with pytest.raises(SpcValueError, match="p: above 0 and below 1"):
        k.range_quantile(1.0, 5)
    with pytest.raises(SpcValueError, match="n: above 1"):
        k.c4(1)


def test_that_the_engine_starts_without_scipy():
    code = "import sys, spc_desktop.spc, spc_desktop.spc.charts as c; assert c.CHARTS; print('scipy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "False"
