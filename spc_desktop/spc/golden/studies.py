"""Adapters of the self-test for capability, distributions, transformations, normality and measurement systems."""

from collections.abc import Callable, Mapping
from typing import Any

ADAPTERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {}
