"""Adapters of the self-test for capability, distributions, transformations, normality and measurement systems."""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from spc_desktop.spc import johnson, normality, tolerance, transforms
from spc_desktop.spc.capability.attribute import binomial_capability, poisson_capability
from spc_desktop.spc.capability.intervals import bissell_interval, chi_square_interval
from spc_desktop.spc.capability.nonnormal import PercentileCapability, empirical_quantiles, percentile_capability
from spc_desktop.spc.capability.normal import CapabilityIndices, capability_study
from spc_desktop.spc.capability.specification import Specification
from spc_desktop.spc.distributions import TWO_PARAMETER, fit_distribution
from spc_desktop.spc.errors import SpcValueError

Given = Mapping[str, Any]
T = TypeVar("T")


def _present(value: T | None) -> T:
    """The value, which a file of this feature always has.

    Raises:
        SpcValueError: it is not there.
    """
    if value is None:
        raise SpcValueError("input", "both limits, a target and subgroups that vary")
    return value


def _normality(given: Given) -> dict[str, Any]:
    x = given["values"]
    ad, cvm, ks = normality.anderson_darling(x), normality.cramer_von_mises(x), normality.lilliefors(x)
    sw, sf, shape = normality.shapiro_wilk(x), normality.shapiro_francia(x), normality.moments(x)
    return {
        "n": sum(value is not None for value in x),
        "anderson_darling": {"A": ad.statistic, "A_star": ad.adjusted, "p": ad.p},
        "cramer_von_mises": {"W": cvm.statistic, "p": cvm.p},
        "lilliefors": {"D": ks.statistic, "p": ks.p},
        "shapiro_wilk": {"W": sw.statistic, "p": sw.p},
        "skewness_g1": shape.g1,
        "skewness_G1": shape.big_g1,
        "kurtosis_excess_g2": shape.g2,
        "kurtosis_excess_G2": shape.big_g2,
        "jarque_bera": normality.jarque_bera(x).statistic,
        "shapiro_francia": {"W": sf.statistic, "p": sf.p},
        "ryan_joiner_r": normality.ryan_joiner(x).statistic,
    }


def _percentile_block(found: PercentileCapability) -> dict[str, Any]:
    return {
        "quantiles": {"p00135": found.p00135, "p50": found.p50, "p99865": found.p99865},
        "pp": found.pp,
        "ppl": found.ppl,
        "ppu": found.ppu,
        "ppk": found.ppk,
        "ppm_below": found.ppm_below,
        "ppm_above": found.ppm_above,
    }


def _nonnormal_capability(given: Given) -> dict[str, Any]:
    limits = Specification(given["lsl"], given["usl"])
    result: dict[str, Any] = {}
    for name in TWO_PARAMETER:
        try:
            fit = fit_distribution(given["values"], name)
        except SpcValueError:  # a family whose support the data leave: its block is then missing, which fails the case
            continue
        result["normal_n1" if name == "normal" else name] = {
            "params": fit.parameters,
            "loglik": fit.loglik,
            "anderson_darling": fit.anderson_darling,
            **_percentile_block(percentile_capability(fit, limits)),
        }
    low, mid, high = empirical_quantiles(given["values"])
    result["empirical_quantiles_type6"] = {"p00135": low, "p50": mid, "p99865": high}
    return result


def _nonnormal_minitab(given: Given) -> dict[str, Any]:
    limits = Specification(given["lsl"], given["usl"], given.get("target"))
    names = {
        "weibull": "weibull",
        "lognormal": "lognormal",
        "three_parameter_weibull": "weibull_3",
        "three_parameter_lognormal": "lognormal_3",
    }
    result: dict[str, Any] = {}
    for key, name in names.items():
        fit = fit_distribution(given["values"], name, lognormal_sd="n-1")
        block = {**fit.parameters, **_percentile_block(percentile_capability(fit, limits))}
        result[key] = block
    weibull, lognormal = result["weibull"], result["lognormal"]
    weibull |= {"shape_exact_mle": weibull["shape"], "scale_exact_mle": weibull["scale"]}
    lognormal["sdlog_n_minus_1"] = lognormal["sdlog"]
    return result


_WITHIN = {
    "within_pooled_c4": "pooled_c4",
    "within_pooled": "pooled",
    "within_rbar": "rbar",
    "within_sbar": "sbar",
    "within_mr": "mrbar",
    "within_median_mr": "median_mr",
}


def _capability(given: Given) -> dict[str, Any]:
    limits = Specification(given["lsl"], given["usl"], given.get("target"))
    result: dict[str, Any] = {}
    for key, name in _WITHIN.items():
        try:
            study = capability_study(given["subgroups"], limits, name, given["confidence"], "mvlue", "pooled")
        except SpcValueError:  # moving ranges of subgroups, or ranges of individuals: not asked for in such a file
            continue
        if study.within is not None:
            result[key] = {**_indices(study.within, "c"), "df_pooled": study.within.df}
    study = capability_study(given["subgroups"], limits, None, given["confidence"])
    c4 = capability_study(given["subgroups"], limits, "overall_c4", given["confidence"])
    result |= {
        "n": study.n,
        "mean": study.mean,
        "sd_overall": study.overall.sigma,
        "sd_overall_c4": _present(c4.within).sigma,
        "overall": _indices(study.overall, "p"),
        "observed_ppm": {"below": study.observed.below, "above": study.observed.above},
    }
    if study.cpm is not None:
        result["cpm"] = {
            "montgomery_s_n1": study.cpm.cpm,
            "minitab_mean_sq_n": study.cpm.cpm_nearest,
            "symmetric_mean_sq_n": study.cpm.cpm_symmetric,
            "cpmk_s_n1": study.cpm.cpmk,
            "boyles_df": study.cpm.df,
            "ci_boyles": study.cpm.interval,
        }
    if limits.lower is not None and limits.upper is not None:
        result["qcc_process_capability_overall_sd"] = _qcc_table(given, limits)
    return result


def _indices(found: CapabilityIndices, letter: str) -> dict[str, Any]:
    return {
        "sigma": found.sigma,
        f"{letter}p": found.cp,
        f"{letter}pl": found.cpl,
        f"{letter}pu": found.cpu,
        f"{letter}pk": found.cpk,
        f"{letter}p_ci": found.cp_interval,
        f"{letter}pk_ci_bissell": found.cpk_interval,
        f"{letter}pl_ci_bissell": found.cpl_interval,
        f"{letter}pu_ci_bissell": found.cpu_interval,
        f"{letter}pk_lower_bound_one_sided_bissell": found.cpk_bound,
        f"{letter}pl_ci_exact_noncentral_t": found.cpl_exact,
        f"{letter}pu_ci_exact_noncentral_t": found.cpu_exact,
        "z_lsl": found.z_lower,
        "z_usl": found.z_upper,
        "ppm_below": found.ppm_below or 0.0,
        "ppm_above": found.ppm_above or 0.0,
        "ppm_total": found.ppm_total,
        "z_bench": found.z_bench,
    }


def _qcc_table(given: Given, limits: Specification) -> dict[str, Any]:
    """The intervals as that package defines them: one-sided pairs for Cp_l and Cp_u, df not squared for Cpm."""
    lower, upper = _present(limits.lower), _present(limits.upper)
    target = (lower + upper) / 2 if limits.target is None else limits.target
    study = capability_study(given["subgroups"], Specification(lower, upper, target))
    found, n, level = study.overall, study.n, given["confidence"]
    cpm = _present(_present(study.cpm).cpm)
    a2 = ((study.mean - target) / found.sigma) ** 2
    rows = [
        ("Cp", found.cp, chi_square_interval(found.cp or 0.0, n - 1.0, level)),
        ("Cp_l", found.cpl, bissell_interval(found.cpl or 0.0, n, n - 1.0, 2 * level - 1)),
        ("Cp_u", found.cpu, bissell_interval(found.cpu or 0.0, n, n - 1.0, 2 * level - 1)),
        ("Cp_k", found.cpk, bissell_interval(found.cpk, n, n - 1.0, level)),
        ("Cpm", cpm, chi_square_interval(cpm, n * (1 + a2) / (1 + 2 * a2), level)),
    ]
    return {
        "rows": [row[0] for row in rows],
        "value": [row[1] for row in rows],
        "lo": [row[2][0] for row in rows],
        "hi": [row[2][1] for row in rows],
    }


def _capability_minitab(given: Given) -> dict[str, Any]:
    labels = list(dict.fromkeys(given["subgroup"]))
    rows = [[x for x, at in zip(given["values"], given["subgroup"], strict=True) if at == label] for label in labels]
    limits = Specification(given["lsl"], given["usl"], given["target"])
    level = given.get("confidence", 0.9)  # the files' tables were made with 90 % intervals
    study = capability_study(rows, limits, "rbar", level, interval_df="pooled")
    rounded = capability_study(rows, limits, "rbar", level, interval_df="pooled", table="aiag")
    within, cpm = _present(study.within), _present(study.cpm)
    ad = normality.anderson_darling(given["values"])
    return {
        "mean": study.mean,
        "n": study.n,
        "sd_overall": study.overall.sigma,
        "sd_within": within.sigma,
        "sd_within_jasp_rounded_d2": _present(rounded.within).sigma,
        "ppm_within_exact_d2": {"below": within.ppm_below, "above": within.ppm_above},
        "ppm_observed": {"below": study.observed.below, "above": study.observed.above},
        "ppm_overall": _ppm(study.overall),
        "ppm_within_jasp_rounded_d2": _ppm(_present(rounded.within)),
        "table_performance_total_2dp": {
            "values": [cpm.cpm_nearest, *_present(cpm.nearest_interval), *_alphabetical(study.overall)]
        },
        "table_capability_within_2dp": {"values": _alphabetical(within)},
        "anderson_darling": {"A": ad.statistic, "p": ad.p},
    }


def _ppm(found: CapabilityIndices) -> dict[str, Any]:
    return {"below": found.ppm_below, "above": found.ppm_above, "total": found.ppm_total}


def _alphabetical(found: CapabilityIndices) -> list[float | None]:
    """Cp, Cpk and its interval, Cpl, lower end of Cp, Cpu, upper end of Cp, Z of the nearer side: the table's order."""
    low, high = _present(found.cp_interval)
    return [found.cp, found.cpk, *_present(found.cpk_interval), found.cpl, low, found.cpu, high, 3 * found.cpk]


def _capability_binomial(given: Given) -> dict[str, Any]:
    found = binomial_capability(given["defectives"], given["sizes"])
    return {
        "p": found.p,
        "ci_clopper_pearson": found.interval,
        "ppm": found.ppm,
        "ppm_ci": found.ppm_interval,
        "process_z": found.process_z,
        "process_z_ci": found.process_z_interval,
    }


def _capability_poisson(given: Given) -> dict[str, Any]:
    found = poisson_capability(given["defects"], given["units"])
    return {
        "dpu": found.dpu,
        "ci_garwood": found.interval,
        "mean_defects": found.mean_defects,
        "min_dpu": found.least,
        "max_dpu": found.most,
    }


def _box_cox(given: Given) -> dict[str, Any]:
    x, group = given["values"], given.get("group")
    n, log_sum = len(x), sum(math.log(value) for value in x)
    fit = transforms.fit_box_cox(x)
    constant = n / 2 * (math.log(2 * math.pi) + 1)  # left out by the reference
    scaled = log_sum - n / 2 * math.log(n)  # the other package's likelihood is of x over its geometric mean
    ticks = [round(fit.lmbda, 3) + step / 1000 for step in (-1, 0, 1)]
    powers = {"lm1": -1.0, "l0": 0.0, "l05": 0.5, "l1": 1.0, "l2": 2.0}
    result: dict[str, Any] = {
        "lambda_mle": fit.lmbda,
        "loglik": fit.loglik + constant,
        "ci95": fit.interval,
        "mass_grid_argmax_step_0.001": max(ticks, key=lambda tick: transforms.box_cox_loglik(x, tick)),
        "mass_loglik_max": fit.loglik + constant + scaled,
        "loglik_at": {key: transforms.box_cox_loglik(x, power) + constant for key, power in powers.items()},
        "lambda_min_mr_sd": transforms.fit_box_cox_within(x, subgroups=False).lmbda,
        "transformed_at_mle": transforms.box_cox(x, fit.lmbda),
        "yeo_johnson_lambda_car": transforms.fit_yeo_johnson(x).lmbda,
    }
    if group is not None:
        rows = [[value for value, at in zip(x, group, strict=True) if at == label] for label in dict.fromkeys(group)]
        within = transforms.fit_box_cox_within(rows)
        result |= {"lambda_min_pooled_sd": within.lmbda, "pooled_sd_at_min": within.sigma}
    return result


def _johnson(given: Given) -> dict[str, Any]:
    x = given["values"]
    wheeler = johnson.fit_johnson_quantiles(x)
    hazen, linear = johnson.fit_johnson(x), johnson.fit_johnson(x, quantiles="linear")
    blocks = [
        {
            "gamma": fit.gamma,
            "eta": fit.eta,
            "lambda": fit.lmbda,
            "epsilon": fit.epsilon,
            "transformed": fit.transform(x),
        }
        for fit in (hazen, linear)
    ]
    return {
        "supdists_quant": {
            "gamma": wheeler.gamma,
            "delta": wheeler.eta,
            "xi": wheeler.epsilon,
            "lambda": wheeler.lmbda,
            "type": wheeler.family,
        },
        "johnson_pkg_chou": {"fun": hazen.family, "p": hazen.p, "params": [hazen.gamma], **blocks[0]},
        "jtrans_ad": {"type": linear.family.lower(), "z": linear.z, "p_value": linear.p, **blocks[1]},
    }


def _tolerance_factors(given: Given) -> dict[str, Any]:
    return {
        "rows": [
            {
                **row,
                "k_two_sided_exact": tolerance.two_sided_factor(row["n"], row["coverage"], row["confidence"]),
                "k_two_sided_howe": tolerance.howe_factor(row["n"], row["coverage"], row["confidence"]),
                "k_one_sided_exact": tolerance.one_sided_factor(row["n"], row["coverage"], row["confidence"]),
            }
            for row in given["rows"]
        ]
    }


ADAPTERS: dict[str, Callable[[Given], Any]] = {
    "normality": _normality,
    "boxcox": _box_cox,
    "johnson": _johnson,
    "tolerance_factors": _tolerance_factors,
    "capability": _capability,
    "capability_minitab": _capability_minitab,
    "capability_binomial": _capability_binomial,
    "capability_poisson": _capability_poisson,
    "nonnormal_capability": _nonnormal_capability,
    "nonnormal_minitab": _nonnormal_minitab,
}
