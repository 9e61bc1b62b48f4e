"""Adapters of the self-test for charts of variables."""

from collections.abc import Callable, Mapping
from typing import Any

ADAPTERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {}
