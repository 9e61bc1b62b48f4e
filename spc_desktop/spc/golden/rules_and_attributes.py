"""Adapters of the self-test for run rules, run lengths, and the charts of counts, rare events and several variables."""

from collections.abc import Callable, Mapping
from typing import Any

from spc_desktop.spc.golden import attributes, multivariate, rules, run_lengths

ADAPTERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    **rules.ADAPTERS,
    **attributes.ADAPTERS,
    **run_lengths.ADAPTERS,
    **multivariate.ADAPTERS,
}
