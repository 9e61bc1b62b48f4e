"""From judged points to alarm conditions: what fired, what goes on, what has returned to normal."""

from collections.abc import Iterable

from spc_desktop.domain.alert import AlertType, Observed, Owner, Priority, Signal
from spc_desktop.domain.measurement import Measurement
from spc_desktop.domain.monitor import Judged, Step
from spc_desktop.domain.point import PanelValue, Point
from spc_desktop.domain.watch import Watch
from spc_desktop.spc.charts import PanelSpec, Violation
from spc_desktop.spc.run_rules import Rule


def owner_of(watch: Watch) -> Owner:
    """Return whom alerts of this watch are about."""
    product = watch.product
    return Owner(product.id, product.code, product.name, watch.characteristic.id)


def spec_key(watch: Watch) -> str:
    """Return the key of the out-of-specification alert."""
    return f"{watch.key}/spec/out_of_spec"


def capability_key(watch: Watch) -> str:
    """Return the key of the low-capability alert."""
    return f"{watch.key}/capability/cpk"


def rule_type(rule: Rule | None, rule_id: str) -> str:
    """Return the original's name of a rule: ``RULE_1`` to ``RULE_8`` for Nelson's, else the id in capitals."""
    if rule is not None and rule.number and rule_id.startswith("nelson"):
        return f"RULE_{rule.number}"
    return rule_id.upper()


def observe(watch: Watch, step: Step) -> list[Observed]:
    """Return what one step says about the alarms of its characteristic, in the order of its points."""
    outside: dict[int, list[Measurement]] = {}
    for row in step.measurements:
        if not row.is_within_spec:
            outside.setdefault(row.point_index, []).append(row)
    seen = [_observe_point(step.watch, judged, outside) for judged in step.points]
    if -1 in outside:
        fired = (_spec_signal(watch, outside[-1]),)
        seen.append(Observed(step.state.next_index, fired))
    return seen


def _observe_point(watch: Watch, judged: Judged, outside: dict[int, list[Measurement]]) -> Observed:
    point = judged.point
    fired = [
        _rule_signal(watch, spec, panel, violation, judged.retrospective)
        for spec, panel in zip(watch.chart.panels, point.panels, strict=True)
        if panel.violations
        for violation in panel.violations
    ]
    spec, cpk = spec_key(watch), capability_key(watch)
    if judged.retrospective:
        return Observed(point.index, tuple(fired), settles=None, kept=frozenset({spec, cpk}), retrospective=True)
    held: frozenset[str] = frozenset()
    if point.index in outside:
        fired.insert(0, _spec_signal(watch, outside[point.index]))
    elif point.out_of_spec:
        held = frozenset({spec})
    if point.learning:
        return Observed(point.index, tuple(fired), held, settles=frozenset({spec}))
    if watch.plan.alarm.delays:
        held |= _near_limits(watch, point)
    return Observed(point.index, tuple(fired), held, settles=None, kept=frozenset({cpk}))


def _near_limits(watch: Watch, point: Point) -> frozenset[str]:
    """Return the alarms whose limit the point is too close to for them to return: within the deadband of their rule."""
    near = set()
    for spec, panel in zip(watch.chart.panels, point.panels, strict=True):
        for rule_id, rule in watch.rules.items():
            delay = watch.plan.alarm.delay(rule_id)
            if rule.kind != "beyond" or delay is None or not delay.deadband or panel.value is None or not panel.sigma:
                continue
            band = delay.deadband * panel.sigma
            above = panel.ucl is not None and panel.value > panel.ucl - band
            if above or (panel.lcl is not None and panel.value < panel.lcl + band):
                near.add(f"{watch.key}/{watch.plan.chart}.{spec.key}/{rule_id}")
    return frozenset(near)


def _spec_signal(watch: Watch, rows: Iterable[Measurement]) -> Signal:
    characteristic = watch.characteristic
    params = _about(watch, characteristic.decimals)
    params["value"] = max((row.measurement_value for row in rows), key=lambda value: _excess(watch, value))
    if characteristic.lsl is not None:
        params["lsl"] = characteristic.lsl
    if characteristic.usl is not None:
        params["usl"] = characteristic.usl
    return Signal(spec_key(watch), AlertType.OUT_OF_SPEC, Priority.URGENT, "out_of_spec", params)


def _excess(watch: Watch, value: float) -> float:
    lsl, usl = watch.characteristic.lsl, watch.characteristic.usl
    below = lsl - value if lsl is not None else 0.0
    above = value - usl if usl is not None else 0.0
    return max(below, above)


def _about(watch: Watch, decimals: int) -> dict[str, float | int | str]:
    characteristic = watch.characteristic
    params: dict[str, float | int | str] = {"char": characteristic.name, "decimals": decimals}
    if characteristic.name_en:
        params["char_en"] = characteristic.name_en
    if characteristic.unit:
        params["unit"] = characteristic.unit
    return params


def _rule_signal(watch: Watch, spec: PanelSpec, panel: PanelValue, violation: Violation, retrospective: bool) -> Signal:
    rule = watch.rules.get(violation.rule) or Rule(violation.rule, "beyond")
    params = _about(watch, _decimals(watch, spec))
    params |= {"kind": rule.kind, "k": rule.k, "n": max(rule.n, len(violation.members)), "sigma": rule.sigma}
    if spec.role == "dispersion":
        params["panel"] = spec.label
    for name in ("value", "center", "lcl", "ucl"):
        number = getattr(panel, name)
        if number is not None:
            params[name] = number
    if retrospective:
        params["retrospective"] = 1
    alert_type, priority = _TYPE_OF.get(rule.kind, (AlertType.RUN_RULE, Priority.MEDIUM))
    key = f"{watch.key}/{watch.plan.chart}.{spec.key}/{violation.rule}"
    return Signal(key, alert_type, priority, violation.rule, params)


_TYPE_OF = {
    "beyond": (AlertType.OUT_OF_CONTROL, Priority.HIGH),
    "trend": (AlertType.TREND, Priority.MEDIUM),
}


def _decimals(watch: Watch, spec: PanelSpec) -> int:
    """Digits that tell a statistic from its limits: one more than the values where it is a mean or a spread."""
    if watch.counts:
        return 4 if spec.key in {"p", "u"} else 2
    return watch.characteristic.decimals + (0 if spec.individuals else 1)


def capability_observed(watch: Watch, cpk: float | None, point_index: int) -> Observed:
    """Return what a finished analysis says: Cpk below the plan's minimum fires, else the alert returns."""
    minimum = watch.plan.min_cpk
    key = capability_key(watch)
    if cpk is None:
        return Observed(point_index)
    if cpk >= minimum:
        return Observed(point_index, settles=frozenset({key}))
    params = _about(watch, 2)
    params |= {"value": cpk, "cpk": cpk, "min": minimum}
    return Observed(point_index, (Signal(key, AlertType.CAPABILITY, Priority.HIGH, "capability_low", params),))
