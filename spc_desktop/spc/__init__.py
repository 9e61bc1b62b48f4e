"""The statistics: arrays and plain values in, numbers out.

Owns every formula of the program: constants, sigma estimators, control charts, run rules, capability, measurement
systems, run lengths. Called by ``domain`` and by the screens that show a study. Must not import anything of this program
but ``i18n``; no clock, no I/O, no names of products. scipy is imported inside the functions that need it.

This is the public surface: ``from spc_desktop.spc import CHARTS``. A name is loaded on first use, so that importing one part
of the engine does not pay for all. To add a name: an import under ``TYPE_CHECKING``, a word in ``_HOME``, and ``__all__``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spc_desktop.spc.arl_counts import count_cusum_arl, count_cusum_limit
    from spc_desktop.spc.arl_mewma import mewma_arl, mewma_limit
    from spc_desktop.spc.arl_rules import RunLength, rule_run_length
    from spc_desktop.spc.arl_shewhart import OperatingPoint, p_oc, range_oc, sd_oc, xbar_oc
    from spc_desktop.spc.arl_weighted import cusum_arl, cusum_limit, ewma_arl, ewma_limit
    from spc_desktop.spc.autocorrelation import Autocorrelation, lag1_autocorrelation
    from spc_desktop.spc.capability.attribute import (
        BinomialCapability,
        PoissonCapability,
        binomial_capability,
        clopper_pearson,
        garwood,
        poisson_capability,
    )
    from spc_desktop.spc.capability.nonnormal import (
        PercentileCapability,
        best_fit_capability,
        empirical_capability,
        percentile_capability,
    )
    from spc_desktop.spc.capability.normal import (
        CapabilityIndices,
        CapabilityStudy,
        CpmIndices,
        ObservedPpm,
        capability_study,
    )
    from spc_desktop.spc.capability.specification import Specification
    from spc_desktop.spc.capability.transformed import TransformedCapability, transformed_capability
    from spc_desktop.spc.charts import CHARTS
    from spc_desktop.spc.charts.base import (
        ChartMonitor,
        ChartPoint,
        ChartRun,
        ControlChart,
        Limits,
        Observation,
        PanelPoint,
        PanelRun,
        PanelSpec,
        Provenance,
    )
    from spc_desktop.spc.charts.engine import Chart, estimate_stages
    from spc_desktop.spc.charts.run_chart import RunAnalysis
    from spc_desktop.spc.charts.run_chart import analyse as run_analysis
    from spc_desktop.spc.constants import Constants, c4, c5, d2, d3, d4, range_cdf, range_quantile, sd_median
    from spc_desktop.spc.constants import constants as chart_constants
    from spc_desktop.spc.distributions import (
        DISTRIBUTIONS,
        DistributionFit,
        FitRanking,
        fit_distribution,
        fit_p_value,
        rank_distributions,
    )
    from spc_desktop.spc.errors import SpcValueError
    from spc_desktop.spc.false_alarms import FalseAlarms, WatchedChart, expected_false_alarms
    from spc_desktop.spc.johnson import JohnsonTransform, fit_johnson, fit_johnson_quantiles
    from spc_desktop.spc.msa.agreement import (
        FleissKappa,
        Kappa,
        Matches,
        RankAgreement,
        all_agree,
        cohen_kappa,
        fleiss_kappa,
        kendall_tau,
        kendall_w,
        matches,
    )
    from spc_desktop.spc.msa.attribute_study import AttributeStudy, RaterResult, attribute_study
    from spc_desktop.spc.msa.average_range import AverageRangeStudy, gage_rr_average_range
    from spc_desktop.spc.msa.components import Component, Scale
    from spc_desktop.spc.msa.crossed import AnovaRow, CrossedStudy, GageModel, crossed_layout, gage_rr_crossed
    from spc_desktop.spc.msa.nested import NestedStudy, gage_rr_nested, nested_layout
    from spc_desktop.spc.msa.single_gauge import (
        BiasStudy,
        LinearityStudy,
        StabilityStudy,
        Type1Study,
        bias_study,
        linearity_study,
        stability_study,
        type1_study,
    )
    from spc_desktop.spc.normality import (
        Moments,
        NormalityTest,
        anderson_darling,
        cramer_von_mises,
        jarque_bera,
        lilliefors,
        moments,
        ryan_joiner,
        shapiro_francia,
        shapiro_wilk,
    )
    from spc_desktop.spc.phase1 import PhaseOne, phase_one, phase_one_stages
    from spc_desktop.spc.rules import Rule, RuleSet, Violation, check_rules
    from spc_desktop.spc.run_rules import RULE_SETS, RuleMonitor, compile_rules
    from spc_desktop.spc.run_rules import members as rule_members
    from spc_desktop.spc.sigma import SIGMA_ESTIMATORS, SigmaEstimate, estimate_sigma, moving_ranges
    from spc_desktop.spc.suggestions import (
        Repetition,
        Resolution,
        Subgrouping,
        SustainedShift,
        Truncation,
        coarse_resolution,
        irrational_subgrouping,
        repeated_values,
        sustained_shift,
        truncation,
    )
    from spc_desktop.spc.tolerance import (
        ToleranceInterval,
        nonparametric_tolerance,
        normal_tolerance,
        one_sided_factor,
        required_size,
        two_sided_factor,
    )
    from spc_desktop.spc.transforms import (
        PowerTransform,
        WithinTransform,
        box_cox,
        box_cox_inverse,
        fit_box_cox,
        fit_box_cox_within,
        fit_yeo_johnson,
        yeo_johnson,
    )

_HOME = {
    "arl_counts": "count_cusum_arl count_cusum_limit",
    "arl_mewma": "mewma_arl mewma_limit",
    "arl_rules": "RunLength rule_run_length",
    "arl_shewhart": "OperatingPoint p_oc range_oc sd_oc xbar_oc",
    "arl_weighted": "cusum_arl cusum_limit ewma_arl ewma_limit",
    "autocorrelation": "Autocorrelation lag1_autocorrelation",
    "capability.attribute": (
        "BinomialCapability PoissonCapability binomial_capability clopper_pearson garwood poisson_capability"
    ),
    "capability.nonnormal": "PercentileCapability best_fit_capability empirical_capability percentile_capability",
    "capability.normal": "CapabilityIndices CapabilityStudy CpmIndices ObservedPpm capability_study",
    "capability.specification": "Specification",
    "capability.transformed": "TransformedCapability transformed_capability",
    "charts": "CHARTS",
    "charts.base": (
        "ChartMonitor ChartPoint ChartRun ControlChart Limits Observation PanelPoint PanelRun PanelSpec Provenance"
    ),
    "charts.engine": "Chart estimate_stages",
    "charts.run_chart": "RunAnalysis run_analysis=analyse",
    "constants": "Constants c4 c5 d2 d3 d4 range_cdf range_quantile sd_median chart_constants=constants",
    "distributions": "DISTRIBUTIONS DistributionFit FitRanking fit_distribution fit_p_value rank_distributions",
    "errors": "SpcValueError",
    "false_alarms": "FalseAlarms WatchedChart expected_false_alarms",
    "johnson": "JohnsonTransform fit_johnson fit_johnson_quantiles",
    "msa.agreement": (
        "FleissKappa Kappa Matches RankAgreement all_agree cohen_kappa fleiss_kappa kendall_tau kendall_w matches"
    ),
    "msa.average_range": "AverageRangeStudy gage_rr_average_range",
    "msa.attribute_study": "AttributeStudy RaterResult attribute_study",
    "msa.components": "Component Scale",
    "msa.crossed": "AnovaRow CrossedStudy GageModel crossed_layout gage_rr_crossed",
    "msa.nested": "NestedStudy gage_rr_nested nested_layout",
    "msa.single_gauge": (
        "BiasStudy LinearityStudy StabilityStudy Type1Study bias_study linearity_study stability_study type1_study"
    ),
    "normality": (
        "Moments NormalityTest anderson_darling cramer_von_mises jarque_bera lilliefors moments ryan_joiner "
        "shapiro_francia shapiro_wilk"
    ),
    "phase1": "PhaseOne phase_one phase_one_stages",
    "rules": "Rule RuleSet Violation check_rules",
    "run_rules": "RULE_SETS RuleMonitor compile_rules rule_members=members",
    "sigma": "SIGMA_ESTIMATORS SigmaEstimate estimate_sigma moving_ranges",
    "suggestions": (
        "Repetition Resolution Subgrouping SustainedShift Truncation coarse_resolution irrational_subgrouping "
        "repeated_values sustained_shift truncation"
    ),
    "tolerance": (
        "ToleranceInterval nonparametric_tolerance normal_tolerance one_sided_factor required_size two_sided_factor"
    ),
    "transforms": (
        "PowerTransform WithinTransform box_cox box_cox_inverse fit_box_cox fit_box_cox_within fit_yeo_johnson "
        "yeo_johnson"
    ),
}
"""Module inside this package -> the public names it is the home of (``public=name`` where it has another name there)."""

__all__ = [
    "CHARTS",
    "DISTRIBUTIONS",
    "RULE_SETS",
    "SIGMA_ESTIMATORS",
    "AnovaRow",
    "AttributeStudy",
    "Autocorrelation",
    "AverageRangeStudy",
    "BiasStudy",
    "BinomialCapability",
    "CapabilityIndices",
    "CapabilityStudy",
    "Chart",
    "ChartMonitor",
    "ChartPoint",
    "ChartRun",
    "Component",
    "Constants",
    "ControlChart",
    "CpmIndices",
    "CrossedStudy",
    "DistributionFit",
    "FalseAlarms",
    "FitRanking",
    "FleissKappa",
    "GageModel",
    "JohnsonTransform",
    "Kappa",
    "Limits",
    "LinearityStudy",
    "Matches",
    "Moments",
    "NestedStudy",
    "NormalityTest",
    "Observation",
    "ObservedPpm",
    "OperatingPoint",
    "PanelPoint",
    "PanelRun",
    "PanelSpec",
    "PercentileCapability",
    "PhaseOne",
    "PoissonCapability",
    "PowerTransform",
    "Provenance",
    "RankAgreement",
    "RaterResult",
    "Repetition",
    "Resolution",
    "Rule",
    "RuleMonitor",
    "RuleSet",
    "RunAnalysis",
    "RunLength",
    "Scale",
    "SigmaEstimate",
    "SpcValueError",
    "Specification",
    "StabilityStudy",
    "Subgrouping",
    "SustainedShift",
    "ToleranceInterval",
    "TransformedCapability",
    "Truncation",
    "Type1Study",
    "Violation",
    "WatchedChart",
    "WithinTransform",
    "all_agree",
    "anderson_darling",
    "attribute_study",
    "best_fit_capability",
    "bias_study",
    "binomial_capability",
    "box_cox",
    "box_cox_inverse",
    "c4",
    "c5",
    "capability_study",
    "chart_constants",
    "check_rules",
    "clopper_pearson",
    "coarse_resolution",
    "cohen_kappa",
    "compile_rules",
    "count_cusum_arl",
    "count_cusum_limit",
    "cramer_von_mises",
    "crossed_layout",
    "cusum_arl",
    "cusum_limit",
    "d2",
    "d3",
    "d4",
    "empirical_capability",
    "estimate_sigma",
    "estimate_stages",
    "ewma_arl",
    "ewma_limit",
    "expected_false_alarms",
    "fit_box_cox",
    "fit_box_cox_within",
    "fit_distribution",
    "fit_johnson",
    "fit_johnson_quantiles",
    "fit_p_value",
    "fit_yeo_johnson",
    "fleiss_kappa",
    "gage_rr_average_range",
    "gage_rr_crossed",
    "gage_rr_nested",
    "garwood",
    "irrational_subgrouping",
    "jarque_bera",
    "kendall_tau",
    "kendall_w",
    "lag1_autocorrelation",
    "lilliefors",
    "linearity_study",
    "matches",
    "mewma_arl",
    "mewma_limit",
    "moments",
    "moving_ranges",
    "nested_layout",
    "nonparametric_tolerance",
    "normal_tolerance",
    "one_sided_factor",
    "p_oc",
    "percentile_capability",
    "phase_one",
    "phase_one_stages",
    "poisson_capability",
    "range_cdf",
    "range_oc",
    "range_quantile",
    "rank_distributions",
    "repeated_values",
    "required_size",
    "rule_members",
    "rule_run_length",
    "run_analysis",
    "ryan_joiner",
    "sd_median",
    "sd_oc",
    "shapiro_francia",
    "shapiro_wilk",
    "stability_study",
    "sustained_shift",
    "transformed_capability",
    "truncation",
    "two_sided_factor",
    "type1_study",
    "xbar_oc",
    "yeo_johnson",
]


def __getattr__(name: str) -> object:
    for module, names in _HOME.items():
        for entry in names.split():
            public, _, original = entry.partition("=")
            if public == name:
                value: object = getattr(import_module(f"{__name__}.{module}"), original or public)
                globals()[name] = value
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
