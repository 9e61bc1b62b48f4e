"""The rules of a rule set as ticks, each in words; what the chart cannot use is greyed."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from spc_desktop.domain.control_plan import usable_rules
from spc_desktop.i18n import _
from spc_desktop.spc.run_rules import RULE_SETS
from spc_desktop.ui.charts.words import rule_digit, rule_sentence
from spc_desktop.ui.setup.fields import Field, fill

_ID = Qt.ItemDataRole.UserRole
_SEEN = 8
"""So many rules are seen without scrolling."""


class RulesField(Field):
    """Ids of the ticked rules; ``place`` tells chart and rule set that they are ticked for."""

    def __init__(self, place: Callable[[], tuple[str, str]]) -> None:
        super().__init__()
        self._place = place
        self.list = QListWidget()
        self.list.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        fill(self, self.list)
        self.list.itemChanged.connect(lambda _item: self.changed.emit())

    def value(self) -> Any:
        """Return the ids in the order of the set."""
        items = [self.list.item(at) for at in range(self.list.count())]
        return tuple(str(item.data(_ID)) for item in items if item.checkState() == Qt.CheckState.Checked)

    def put(self, value: Any) -> None:
        """Show the rules of the set and tick these."""
        chart, set_name = self._place()
        usable = usable_rules(chart, set_name)
        self.list.blockSignals(True)
        self.list.clear()
        for rule in RULE_SETS[set_name].rules if set_name in RULE_SETS else ():
            item = QListWidgetItem(rule_sentence(rule.id))
            item.setData(_ID, rule.id)
            item.setToolTip(item.text())
            flags = Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            if rule.id not in usable and rule.id not in value:
                flags = Qt.ItemFlag.ItemIsUserCheckable
                item.setToolTip(item.text() + "\n" + _("This chart cannot use this rule."))
            item.setFlags(flags)
            item.setCheckState(Qt.CheckState.Checked if rule.id in value else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.blockSignals(False)
        rows = min(max(self.list.count(), 1), _SEEN)
        height = max(self.list.sizeHintForRow(0), self.fontMetrics().height())
        self.setFixedHeight(rows * height + 2 * self.list.frameWidth() + 2)

    def words(self, value: Any) -> str:
        """Return the numbers of the rules."""
        return ", ".join(rule_digit(rule) for rule in value) or _("the chart's own")

    def retranslate(self) -> None:
        """Write the rules anew."""
        if self.list.count():
            self.put(self.value())
