"""Specification limits where they are missing: three fields and the reason, right where the index would be."""

from msgspec.structs import replace
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QLineEdit, QPushButton, QWidget

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.product import Characteristic
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.capability.ranking import Row
from spc_desktop.ui.entry.sheet import number


class SpecEditor(QWidget):
    """Gives a characteristic its limits."""

    saved = Signal(object)
    """The row, once the hub has stored it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row: Row | None = None
        self.lsl, self.target, self.usl, self.reason = (QLineEdit() for _field in range(4))
        self.button, self.error = QPushButton(), QLabel()
        self.error.setWordWrap(True)
        self._labels = [QLabel() for _field in range(4)]
        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for label, field in zip(self._labels, (self.lsl, self.target, self.usl, self.reason), strict=True):
            label.setBuddy(field)
            form.addRow(label, field)
            field.returnPressed.connect(self._save_soon)
        for field in (self.lsl, self.target, self.usl):
            field.setInputMethodHints(Qt.InputMethodHint.ImhFormattedNumbersOnly)
        form.addRow(self.button)
        form.addRow(self.error)
        self.button.clicked.connect(self._save_soon)
        self.retranslate()

    def retranslate(self) -> None:
        """Write every text anew."""
        for label, text in zip(self._labels, ("LSL", _("Target"), "USL", _("Reason")), strict=True):
            label.setText(text)
        self.button.setText(_("Set the specification"))

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def show_row(self, row: Row) -> None:
        """Ask for the limits of a characteristic; what was typed for it stays."""
        if self._row is row:
            return
        self._row = row
        for field in (self.lsl, self.target, self.usl, self.reason):
            field.clear()
        self.error.clear()

    def _save_soon(self) -> None:
        spawn(self, self._save())

    async def _save(self) -> None:
        row = self._row
        if row is None:
            return
        wanted = self._wanted(row.characteristic)
        product = row.station.products[row.characteristic.product_id]
        plan = row.station.plans[row.characteristic.id]
        command = m.SaveCatalogue(
            characteristics=(wanted,), owners=(product.code,), plans=(plan,), reason=self.reason.text().strip()
        )
        await row.station.hub.command(command, row.station.actor)
        self.error.clear()
        self.saved.emit(row)

    def _wanted(self, characteristic: Characteristic) -> Characteristic:
        fields = (self.lsl, self.target, self.usl)
        lower, target, upper = (number(field.text()) if field.text().strip() else None for field in fields)
        if lower is None and upper is None:
            raise UserError("no_spec")
        if not self.reason.text().strip():
            raise UserError("reason_empty")
        return replace(characteristic, lsl=lower, target=target, usl=upper)

    def show_error(self, error: UserError | KnownError) -> None:
        """Say under the fields what is wrong."""
        self.error.setText(sentence(error.code, error.params, current_language()))
