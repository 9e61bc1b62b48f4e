"""Control plans: chart, rules with what they cost in false alarms, where limits come from, the capability that is asked for."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from spc_desktop.domain.control_plan import ControlPlan, LimitPolicy, suitable_rules
from spc_desktop.domain.fitting import fitting_charts, shared_options
from spc_desktop.i18n import _, marked
from spc_desktop.protocol import messages as m
from spc_desktop.spc.charts import CHARTS
from spc_desktop.spc.run_rules import RULE_SETS
from spc_desktop.ui.bench.chart_names import chart_title
from spc_desktop.ui.setup.characteristics import characteristic_items
from spc_desktop.ui.setup.fields import ChoiceField, NumberField, WholeField
from spc_desktop.ui.setup.form import Form, Line
from spc_desktop.ui.setup.kind import Item, Words
from spc_desktop.ui.setup.meter import NoiseMeter
from spc_desktop.ui.setup.pairs_field import PairsField
from spc_desktop.ui.setup.rules_field import RulesField
from spc_desktop.ui.station import Station

_SET_NAMES = {
    "nelson": "Nelson",
    "western_electric": "Western Electric",
    "aiag": "AIAG",
    "montgomery": "Montgomery",
    "juran": "Juran",
    "hughes": "Hughes",
    "westgard": "Westgard",
    "anhoj": "Anhøj",
}
_LIMITS = {"learn": marked("learnt from the first subgroups"), "given": marked("known standards")}


class Plans:
    """The control plan of each characteristic."""

    words = Words(
        title=marked("Control plans"),
        new="",
        empty=marked("No control plan yet: each characteristic gets one when it is made."),
        find=marked("Find by characteristic or product"),
    )
    blame: Mapping[str, str] = {
        "unknown_chart": "chart",
        "unknown_rule_set": "rule_set",
        "unknown_rule": "rules",
        "learn_subgroups_range": "learn_subgroups",
        "subgroup_size_range": "chart",
    }

    def __init__(self, station: Station) -> None:
        self.station = station
        self._shown: ControlPlan | None = None

    def make_form(self) -> Form:
        """Return the form of a plan; the meter stands below the rules."""
        self._chart, self._set = ChoiceField(self._charts), ChoiceField(self._sets)
        self._rules = RulesField(lambda: (self._chart.value() or "", self._set.value() or ""))
        self._options = PairsField()
        self.meter = NoiseMeter(self.station)
        self._chart.changed.connect(self._chart_changed)
        self._set.changed.connect(self._suit)
        form = Form(
            (
                Line(name="chart", label=marked("Control chart"), field=self._chart),
                Line(
                    name="chart_options",
                    label=marked("Options"),
                    field=self._options,
                    hint=marked("As lambda = 0.2; nsigma = 3. What is left out is as usual."),
                ),
                Line(name="rule_set", label=marked("Rule set"), field=self._set),
                Line(name="rules", label=marked("Run rules"), field=self._rules, wide=True),
                Line(name="mode", label=marked("Control limits"), field=ChoiceField(self._modes)),
                Line(name="learn_subgroups", label=marked("Subgroups to learn from"), field=WholeField(2, 10_000)),
                Line(
                    name="params",
                    label=marked("Known standards"),
                    field=PairsField(),
                    hint=marked("As center = 10; sigma = 0.2. They hold where limits come from known standards."),
                ),
                Line(name="min_cpk", label=marked("Cpk at least"), field=NumberField(optional=False)),
            )
        )
        form.put_below("rules", self.meter)
        return form

    def _charts(self) -> list[tuple[str, str]]:
        plan = self._shown
        characteristic = None if plan is None else self.station.characteristics.get(plan.characteristic_id)
        names = CHARTS if plan is None or characteristic is None else fitting_charts(characteristic, plan)
        return [(name, chart_title(name)) for name in names]

    @staticmethod
    def _sets() -> list[tuple[str, str]]:
        return [(name, _SET_NAMES.get(name, name)) for name in RULE_SETS]

    @staticmethod
    def _modes() -> list[tuple[str, str]]:
        return [(name, _(text)) for name, text in _LIMITS.items()]

    def _chart_changed(self) -> None:
        """Another chart takes the options that mean the same on it."""
        chart = CHARTS.get(self._chart.value())
        if chart is not None and self._shown is not None:
            same = self._shown.chart == chart.name
            self._options.put(self._shown.chart_options if same else shared_options(self._shown, chart))
        self._suit()

    def _suit(self) -> None:
        """Tick what suits another chart or rule set."""
        plan = self._shown
        chart, set_name = self._chart.value() or "", self._set.value() or ""
        same = plan is not None and (plan.chart, plan.rule_set) == (chart, set_name)
        self._rules.put(plan.rules if plan is not None and same else suitable_rules(chart, set_name))
        self._rules.changed.emit()

    # -- what the editor asks ------------------------------------------------------------------------------------------

    def items(self) -> Iterable[Item]:
        """Return the plans as their characteristics are listed."""
        plans = self.station.plans
        return [
            item._replace(thing=plans[item.thing.id])
            for item in characteristic_items(self.station)
            if item.thing.id in plans
        ]

    def blank(self) -> None:
        """A plan comes with its characteristic."""

    def begin(self, thing: ControlPlan) -> None:
        """Another plan is shown: offer the charts that fit its data."""
        self._shown = thing
        self._chart.refill()

    def look(self, thing: ControlPlan) -> None:
        """Show what the plan costs."""
        characteristic = self.station.characteristics.get(thing.characteristic_id)
        if characteristic is not None:
            self.meter.show_plan(thing, characteristic)

    def values(self, thing: ControlPlan) -> Mapping[str, Any]:
        """Return what the form shows."""
        return {
            "chart": thing.chart,
            "chart_options": thing.chart_options,
            "rule_set": thing.rule_set,
            "rules": thing.rules,
            "mode": thing.policy.mode,
            "learn_subgroups": thing.policy.learn_subgroups,
            "params": thing.policy.params,
            "min_cpk": thing.min_cpk,
        }

    def made(self, thing: ControlPlan, values: Mapping[str, Any]) -> ControlPlan:
        """Return the plan with these values."""
        known = {**self.values(thing), **values}
        policy = LimitPolicy(**{name: known.pop(name) for name in ("mode", "learn_subgroups", "params")})
        return replace(thing, policy=policy, **known)

    def effect(self, before: ControlPlan, after: ControlPlan) -> str:
        """Say what happens to the limits."""
        same = (before.chart, before.chart_options, before.policy) == (after.chart, after.chart_options, after.policy)
        if not same:
            return _("Control limits begin anew: the points from now on are judged by new ones.")
        if (before.rule_set, before.rules) != (after.rule_set, after.rules):
            return _("The rules judge points from now on; patterns begin anew. Limits stay as they are.")
        return ""

    def command(self, before: ControlPlan, after: ControlPlan, reason: str) -> m.SaveCatalogue:
        """Return the wish."""
        characteristic = self.station.characteristics[after.characteristic_id]
        owner = self.station.products[characteristic.product_id].code
        return m.SaveCatalogue(
            characteristics=(characteristic,),
            owners=(owner,),
            plans=(after,),
            seen_characteristics=(characteristic,),
            seen_plans=(before,),
            reason=reason,
        )

    def stored(self, answer: m.Catalogue, after: ControlPlan) -> ControlPlan:
        """Return the plan with its revision."""
        del after
        (plan,) = answer.plans
        return plan

    def key_of(self, thing: ControlPlan) -> str:
        """Return the number of its characteristic."""
        return str(thing.characteristic_id)

    def before_new(self, after: ControlPlan) -> ControlPlan:
        """A plan is never added by itself."""
        return after

    def objects(self, thing: ControlPlan) -> tuple[str, ...]:
        """Return its name in the audit trail, and that of the limits that were frozen."""
        return (f"plan {thing.characteristic_id}", f"limits {thing.characteristic_id}")
