"""Adapters of the self-test for run rules, run lengths and attribute charts."""

from collections.abc import Callable, Mapping
from typing import Any

ADAPTERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {}
