"""The sample plant as a pure function: which products it makes, which faults happen when, and each value.

``subgroup(seed, code, index)`` gives the same numbers for ever, in any order and on every machine, so that a restarted plant
goes on exactly where it was and a test knows every fault (``faults``) before it reads a value. All data are generated here;
nothing is copied from anywhere.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEARN = 25
"""Subgroups that the limits are learnt from; no fault lies in them."""

FIRST_FAULT = 62
"""Subgroup of the first fault of the first characteristic; the history before the first start is calm."""

STAGGER = 5
"""Subgroups between the first faults of two neighbouring characteristics, so that they do not all cry at once."""

CYCLE = 60
"""Subgroups from one fault of a characteristic to its next."""

LENGTH = 14
"""Subgroups that a lasting fault lasts."""


@dataclass(frozen=True, slots=True)
class PlantCharacteristic:
    """One watched property: what it is called, how it is charted and how it varies when nothing is wrong."""

    code: str
    name: str
    name_en: str
    unit: str
    decimals: int
    chart: str
    size: int
    """Values per subgroup; for attribute charts the inspected units (p: the mean of a varying number)."""
    mean: float
    """Mean of the values; for attribute charts the expected count per inspected unit."""
    sigma: float = 0.0
    lsl: float | None = None
    usl: float | None = None
    rules: tuple[str, ...] = ("nelson_1", "nelson_2")
    standards: bool = False
    """Judged by its known mean and sigma from the first value on; else limits are learnt."""
    kinds: tuple[str, ...] = ()
    """Its faults, in turn for ever."""

    @property
    def counted(self) -> bool:
        """Whether it is a count rather than a measured value."""
        return self.chart in {"p", "np", "c", "u"}


@dataclass(frozen=True, slots=True)
class PlantProduct:
    """A product of the sample plant with its characteristics."""

    code: str
    name: str
    name_en: str
    line: str
    characteristics: tuple[PlantCharacteristic, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A known fault: it begins at ``onset`` and one of ``signals`` fires before ``onset + within``."""

    product: str
    characteristic: str
    kind: str
    onset: int
    """0-based subgroup."""
    length: int
    signals: tuple[str, ...]
    """Rule ids, or ``"out_of_spec"``."""
    within: int
    """Subgroups from the onset on in which the first signal is due."""


_ALL = tuple(f"nelson_{number}" for number in range(1, 9))

PRODUCTS: tuple[PlantProduct, ...] = (
    PlantProduct(
        "SIM-RING",
        "피스톤 링",
        "Piston ring",
        "A",
        (
            PlantCharacteristic(
                "OD", "외경", "Outside diameter", "mm", 4, "xbar_r", 5, 74.0, 0.01, 73.95, 74.05,
                ("nelson_1", "nelson_2", "nelson_3", "nelson_5", "nelson_6"),
                kinds=("out_of_spec", "shift", "drift", "spread"),
            ),
            PlantCharacteristic(
                "GAP", "이음 간극", "End gap", "mm", 3, "i_mr", 1, 0.35, 0.012, 0.29, 0.41,
                ("nelson_1", "nelson_2", "nelson_5"), kinds=("shift", "out_of_spec", "drift"),
            ),
            PlantCharacteristic(
                "HRB", "경도", "Hardness", "HRB", 1, "xbar_s", 10, 98.0, 1.2, 92.0, 104.0,
                ("nelson_1", "nelson_2"), kinds=("spread", "shift"),
            ),
            PlantCharacteristic(
                "CRK", "균열 불량", "Cracked rings", "", 0, "p", 200, 0.03, kinds=("rate", "burst"),
            ),
        ),
    ),
    PlantProduct(
        "SIM-BOARD",
        "제어 기판",
        "Control board",
        "B",
        (
            PlantCharacteristic(
                "VOL", "출력 전압", "Output voltage", "V", 3, "i_mr", 1, 5.0, 0.015, 4.9, 5.1,
                _ALL, kinds=("mixture", "alternation", "stratification", "drift"),
            ),
            PlantCharacteristic(
                "SLD", "납땜 결함", "Solder defects", "", 0, "c", 100, 0.12, kinds=("burst", "rate"),
            ),
            PlantCharacteristic(
                "RES", "저항", "Resistance", "Ω", 2, "ewma", 1, 120.0, 0.8, 115.0, 125.0,
                ("nelson_1",), True, ("small_shift",),
            ),
            PlantCharacteristic(
                "FIN", "최종 검사 불량", "Failed final test", "", 0, "np", 150, 0.05, kinds=("rate", "burst"),
            ),
        ),
    ),
    PlantProduct(
        "SIM-DRINK",
        "충전 음료",
        "Bottled drink",
        "C",
        (
            PlantCharacteristic(
                "VOM", "충전량", "Fill volume", "mL", 1, "xbar_r", 4, 500.0, 1.5, 492.0, 508.0,
                ("nelson_1", "nelson_2", "nelson_3"), kinds=("drift", "shift", "out_of_spec"),
            ),
            PlantCharacteristic(
                "TRQ", "캡 토크", "Cap torque", "N·m", 3, "cusum", 1, 1.8, 0.05, 1.5, 2.1,
                ("nelson_1",), True, ("small_shift",),
            ),
            PlantCharacteristic(
                "LBL", "라벨 결함", "Label defects", "", 0, "u", 20, 0.4, kinds=("rate", "burst"),
            ),
            PlantCharacteristic(
                "BRX", "당도", "Sugar content", "°Bx", 2, "xbar_s", 8, 11.2, 0.08, 10.8, 11.6,
                ("nelson_1", "nelson_2"), kinds=("shift", "spread"),
            ),
        ),
    ),
)  # fmt: skip


def characteristics() -> Iterator[tuple[int, PlantProduct, PlantCharacteristic]]:
    """Yield every characteristic with its fixed number and its product."""
    number = 0
    for product in PRODUCTS:
        for characteristic in product.characteristics:
            yield number, product, characteristic
            number += 1


# -- faults ------------------------------------------------------------------------------------------------------------

_LOCATION = ("nelson_1", "nelson_2", "nelson_3", "nelson_5", "nelson_6")

KINDS: dict[str, tuple[int, tuple[str, ...], int]] = {
    "out_of_spec": (1, ("out_of_spec",), 1),
    "shift": (LENGTH, _LOCATION, 9),
    "drift": (LENGTH, _LOCATION, LENGTH),
    "spread": (LENGTH, ("nelson_1",), LENGTH),
    "mixture": (LENGTH, ("nelson_8",), LENGTH),
    "alternation": (18, ("nelson_4",), 18),
    "stratification": (20, ("nelson_7",), 20),
    "small_shift": (LENGTH, ("nelson_1",), LENGTH + 2),
    "rate": (LENGTH, ("nelson_1", "nelson_2"), LENGTH),
    "burst": (1, ("nelson_1",), 1),
}
"""Kind -> subgroups it lasts, rules that tell it, subgroups until one of them is due."""


def faults(seed: int, subgroups: int) -> list[Fault]:
    """List every fault whose onset lies before ``subgroups``, in order of onset."""
    found = []
    for number, product, characteristic in characteristics():
        turn = 0
        while (onset := _onset(seed, number, turn)) < subgroups:
            found.append(_fault(product, characteristic, turn, onset))
            turn += 1
    return sorted(found, key=lambda fault: (fault.onset, fault.product, fault.characteristic))


def _onset(seed: int, number: int, turn: int) -> int:
    """The first fault of the first characteristic is the same for every seed: a new user sees it within the first minute."""
    if number == 0 and turn == 0:
        return FIRST_FAULT
    return FIRST_FAULT + 3 + number * STAGGER + turn * CYCLE + seed % 3


def _fault(product: PlantProduct, characteristic: PlantCharacteristic, turn: int, onset: int) -> Fault:
    kind = characteristic.kinds[turn % len(characteristic.kinds)]
    length, signals, within = KINDS[kind]
    possible = tuple(rule for rule in signals if rule == "out_of_spec" or rule in characteristic.rules)
    return Fault(product.code, characteristic.code, kind, onset, length, possible, within)


def _fault_at(seed: int, number: int, characteristic: PlantCharacteristic, index: int) -> tuple[str, int] | None:
    """Return kind and subgroups since its onset of the fault that is on at ``index``."""
    first = _onset(seed, number, 1) - CYCLE
    turns = {max(0, (index - first) // CYCLE), 0}
    for turn in turns:
        age = index - _onset(seed, number, turn)
        kind = characteristic.kinds[turn % len(characteristic.kinds)]
        if 0 <= age < KINDS[kind][0]:
            return kind, age
    return None


# -- values ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sample:
    """One subgroup as the plant delivers it."""

    values: tuple[float, ...]
    size: float | None = None
    """Inspected units of a count, where the chart wants them."""


def sample(seed: int, number: int, index: int) -> Sample:
    """Return subgroup ``index`` of characteristic ``number`` (its place in ``characteristics()``)."""
    _number, _product, characteristic = next(entry for entry in characteristics() if entry[0] == number)
    random = np.random.default_rng([seed, number, index])
    fault = _fault_at(seed, number, characteristic, index)
    if characteristic.counted:
        return _count(characteristic, fault, random)
    values = characteristic.mean + characteristic.sigma * _noise(characteristic, fault, random)
    return Sample(tuple(round(float(value), characteristic.decimals) for value in values))


def _noise(
    characteristic: PlantCharacteristic, fault: tuple[str, int] | None, random: np.random.Generator
) -> NDArray[np.float64]:
    """Standardised deviations of one subgroup. Lasting faults are sized in sigma of the plotted mean."""
    noise = random.standard_normal(characteristic.size)
    kind, age = fault or ("", 0)
    unit = 1 / math.sqrt(characteristic.size)
    if kind == "shift":
        return noise + 3.0 * unit
    if kind == "small_shift":
        return noise + 2.0 * unit
    if kind == "drift":
        return noise + 0.45 * (age + 1) * unit
    if kind == "spread":
        return noise * 2.8
    if kind == "mixture":
        return noise * 0.3 + (2.0 if random.random() < 0.5 else -2.0) * unit
    if kind == "alternation":
        return noise * 0.3 + (1.0 if age % 2 else -1.0) * unit
    if kind == "stratification":
        return np.clip(noise * 0.3, -0.8, 0.8)
    if kind == "out_of_spec":
        noise[-1] = _beyond_spec(characteristic)
    return noise


def _beyond_spec(characteristic: PlantCharacteristic) -> float:
    """A deviation a good half sigma above the upper specification limit."""
    if characteristic.usl is None:
        return 6.0
    return (characteristic.usl - characteristic.mean) / characteristic.sigma + 0.6


def _count(characteristic: PlantCharacteristic, fault: tuple[str, int] | None, random: np.random.Generator) -> Sample:
    kind = fault[0] if fault else ""
    factor = {"rate": 2.2, "burst": 5.0}.get(kind, 1.0)
    size = float(characteristic.size)
    if characteristic.chart in {"p", "u"}:  # the inspected number changes from lot to lot
        size += float(random.integers(-characteristic.size // 10, characteristic.size // 10 + 1))
    expected = characteristic.mean * size * factor
    if characteristic.chart in {"p", "np"}:
        count = float(random.binomial(int(size), min(0.9, characteristic.mean * factor)))
    else:
        count = float(random.poisson(expected))
    if kind == "burst":  # a burst is meant to be seen: never less than its expectation
        count = max(count, math.ceil(expected))
    return Sample((count,), None if characteristic.chart == "c" else size)
