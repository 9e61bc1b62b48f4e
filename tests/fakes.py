"""Small helpers of many tests: a clock that is turned by hand, and short ways to make catalogue entries and measurements."""

from datetime import datetime, timedelta, timezone

from spc_desktop.domain.control_plan import ControlPlan, LimitPolicy
from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.protocol import messages as m

KST = timezone(timedelta(hours=9))
NOON = datetime(2026, 1, 11, 12, 0, tzinfo=KST)


class FakeClock:
    """``hub.ports.Clock`` whose time stands still until ``turn``."""

    def __init__(self, at: datetime = NOON) -> None:
        self._at = at
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return self._seconds

    def turn(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)
        self._seconds += seconds


def shaft(**fields):
    """Return a product to be saved."""
    return Product(**{"id": 0, "code": "SHAFT", "name": "축", **fields})


def diameter(**fields):
    """Return a characteristic of individuals, specification 9 to 11, to be saved."""
    base = {"id": 0, "product_id": 0, "code": "OD", "name": "외경", "name_en": "Outer diameter"}
    return Characteristic(**{**base, "unit": "mm", "decimals": 2, "lsl": 9.0, "usl": 11.0, **fields})


def known_limits(chart="i_mr", center=10.0, sigma=0.2, **fields):
    """Return a plan whose limits are given: what is in control is plain to see in a test."""
    policy = LimitPolicy(mode="given", params={"center": center, "sigma": sigma})
    return ControlPlan(**{"characteristic_id": 0, "chart": chart, "policy": policy, **fields})


def learning(count=5, chart="i_mr", **fields):
    """Return a plan that learns its limits from the first ``count`` points."""
    policy = LimitPolicy(learn_subgroups=count)
    return ControlPlan(**{"characteristic_id": 0, "chart": chart, "policy": policy, **fields})


def save(*characteristics, plans=(), product=None):
    """Return the command that saves one product with these characteristics."""
    product = product or shaft()
    return m.SaveCatalogue(
        products=(product,),
        characteristics=characteristics,
        owners=(product.code,) * len(characteristics),
        plans=tuple(plans),
    )


def measured(*values, of=1, at=NOON, **fields):
    """Return one item to submit."""
    return MeasurementIn(characteristic_id=of, values=tuple(float(value) for value in values), measured_at=at, **fields)
