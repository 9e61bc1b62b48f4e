"""Adapters of the self-test for measurement systems."""

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

from spc_desktop.spc.msa.agreement import Kappa, all_agree, cohen_kappa, fleiss_kappa, matches
from spc_desktop.spc.msa.average_range import gage_rr_average_range
from spc_desktop.spc.msa.components import Component, Scale, distinct_categories
from spc_desktop.spc.msa.crossed import CrossedStudy, GageModel, gage_rr_crossed, reml_components
from spc_desktop.spc.msa.nested import gage_rr_nested, nested_layout
from spc_desktop.spc.msa.single_gauge import linearity_study, type1_study

Given = Mapping[str, Any]
_SHORT = {"part": "part", "op": "operator", "po": "interaction", "e": "repeatability"}


def _crossed(given: Given) -> dict[str, Any]:
    values, scale = given["measurements_part_operator_rep"], Scale(given.get("tolerance"))
    study = gage_rr_crossed(values, scale)
    rows = {short: study.anova[name] for short, name in _SHORT.items()}
    reml = reml_components(study)
    return {
        "anova": {
            "df": {short: row.df for short, row in rows.items()},
            "ss": {short: row.ss for short, row in rows.items()},
            "ms": {short: row.ms for short, row in rows.items()},
            "F": {short: row.f for short, row in rows.items() if short != "e"},
            "p": [rows[short].p for short in ("part", "op", "po")],
            "total_ss": study.total_ss,
        },
        "full_model": _model(study.full),
        "reduced_model": _model(study.reduced),
        "interaction_p": study.anova["interaction"].p,
        "average_range_method": _average_range(values),
        "repeatability_sd_ci95_full": study.repeatability_sd_interval,
        "reml_lme4": {
            "part:op": reml["interaction"],
            "op": reml["operator"],
            "part": reml["part"],
            "Residual": reml["repeatability"],
        },
        "sixsigma_ss_rr_varcomp": _chosen(study),
    }


def _model(model: GageModel) -> dict[str, Any]:
    components = model.components
    return {
        **_blocks(components),
        "ndc": model.ndc_raw,
        "ndc_sqrt2": distinct_categories(components["part"].sd, components["gage"].sd, 2**0.5),
    }


def _blocks(components: Mapping[str, Component]) -> dict[str, Any]:
    tolerance = {name: c.pct_tolerance for name, c in components.items()}
    return {
        "varcomp": {name: c.variance for name, c in components.items()},
        "sd": {name: c.sd for name, c in components.items()},
        "pct_contribution": {name: c.contribution for name, c in components.items()},
        "pct_study": {name: c.pct_study for name, c in components.items()},
        "study_var": {name: c.study for name, c in components.items()},
        "pct_tolerance": None if None in tolerance.values() else tolerance,
    }


def _average_range(values: Any) -> dict[str, Any]:
    found = gage_rr_average_range(values)
    return {
        "Rbar": found.r_bar,
        "xbar_diff": found.mean_difference,
        "Rp": found.part_range,
        "K1": found.k1,
        "K2": found.k2,
        "K3": found.k3,
        "EV": found.ev,
        "AV": found.av,
        "GRR": found.grr,
        "PV": found.pv,
        "TV": found.tv,
        "pct_EV": found.pct_ev,
        "pct_AV": found.pct_av,
        "pct_GRR": found.pct_grr,
        "pct_PV": found.pct_pv,
        "ndc_1.41": found.ndc_raw,
        "R_ucl": found.r_ucl,
        "operator_means": found.operator_means,
        "part_means": found.part_means,
    }


def _chosen(study: CrossedStudy) -> dict[str, Any]:
    c = study.chosen.components
    rows = [
        ("Total Gage R&R", "gage"),
        ("Repeatability", "repeatability"),
        ("Reproducibility", "reproducibility"),
        ("op", "operator"),
        *([("part:op", "interaction")] if study.keeps_interaction else []),
        ("Part-To-Part", "part"),
        ("Total Variation", "total"),
    ]
    return {
        "rows": [label for label, _ in rows],
        "varcomp": [c[name].variance for _, name in rows],
        "ncat": study.chosen.ndc,
    }


def _nested(given: Given) -> dict[str, Any]:
    study = gage_rr_nested(nested_layout(given["operator"], given["part"], given["y"]), Scale(given.get("tolerance")))
    a = study.anova
    named = {"operator": "operator", "part_in_operator": "part", "repeatability": "repeatability"}
    return {
        "ss": {key: a[name].ss for key, name in named.items()},
        "df": [a[name].df for name in named.values()],
        "ms": {key: a[name].ms for key, name in named.items()},
        "F_operator": a["operator"].f,
        "F_part": a["part"].f,
        "p_operator": a["operator"].p,
        "p_part": a["part"].p,
        "results": _blocks(study.components),
        "ndc": study.ndc_raw,
    }


def _type1(given: Given) -> dict[str, Any]:
    values, reference, tolerance = given["values"], given["reference"], given["tolerance"]
    k, width = given.get("K_percent", 20.0), given.get("L_study", 6.0)
    found = type1_study(values, reference, tolerance, k, width)
    narrow = type1_study(values, reference, tolerance, k, 4.0)
    return {
        "mean": found.bias.mean,
        "sd": found.bias.sd,
        "bias": found.bias.bias,
        "t": found.bias.t,
        "df": found.bias.df,
        "p": found.bias.p,
        "bias_ci95": found.bias.interval,
        "study_var": found.study_variation,
        "cg": found.cg,
        "cgk": found.cgk,
        "cg_4sigma": narrow.cg,
        "cgk_2sigma": narrow.cgk,
        "pct_var_repeatability": found.pct_repeatability,
        "pct_var_repeatability_bias": found.pct_with_bias,
    }


def _linearity(given: Given) -> dict[str, Any]:
    found = linearity_study(given["reference"], given["measured"], given.get("process_variation_6s"))
    return {
        "slope": found.slope,
        "intercept": found.intercept,
        "r2": found.r2,
        "s": found.s,
        "se_slope": found.se_slope,
        "se_intercept": found.se_intercept,
        "t_slope": found.t_slope,
        "t_intercept": found.t_intercept,
        "p_slope": found.p_slope,
        "p_intercept": found.p_intercept,
        "df": found.df,
        "linearity": found.linearity,
        "pct_linearity": found.pct_linearity,
        "bias_by_reference": [
            {"reference": b.reference, "bias": b.bias, "sd": b.sd, "t": b.t, "p": b.p} for b in found.by_reference
        ],
        "average_bias": found.average_bias,
    }


def _agreement(given: Given) -> dict[str, Any]:
    ratings, reference = given["ratings_part_by_rater"], given.get("reference")
    fleiss = fleiss_kappa(ratings)
    raters = [list(column) for column in zip(*ratings, strict=True)]
    result: dict[str, Any] = {
        "fleiss": {
            **_kappa(fleiss.overall),
            "detail": [
                {"category": str(name), "kappa": found.kappa, "z": found.z} for name, found in fleiss.categories
            ],
        },
        "cohen_pairs": [],
        "all_raters_agree": all_agree(ratings).matched,
    }
    for a, b in combinations(range(len(raters)), 2):
        pair = cohen_kappa(raters[a], raters[b])
        result["cohen_pairs"].append({"a": a, "b": b, **_kappa(pair), "agree": pair.agreed})
    if reference is not None:
        result["cohen_vs_reference"] = [_against(position, rater, reference) for position, rater in enumerate(raters)]
    return result


def _against(position: int, rater: list[Any], reference: list[Any]) -> dict[str, Any]:
    match = matches(rater, reference)
    return {
        "rater": position,
        **_kappa(cohen_kappa(rater, reference)),
        "matched": match.matched,
        "pct": match.percent,
        "ci95_clopper_pearson": match.interval,
    }


def _kappa(found: Kappa) -> dict[str, Any]:
    return {"kappa": found.kappa, "z": found.z, "p": found.p}


ADAPTERS: dict[str, Callable[[Given], Any]] = {
    "gage_rr_crossed": _crossed,
    "gage_rr_nested": _nested,
    "gage_type1": _type1,
    "gage_linearity": _linearity,
    "attribute_agreement": _agreement,
}
