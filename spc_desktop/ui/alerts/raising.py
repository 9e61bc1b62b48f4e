"""An alert that a person raises: what was seen on the floor and comes from no chart."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QFormLayout, QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from spc_desktop.domain.alert import AlertType, Priority
from spc_desktop.i18n import _, marked
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.models.alerts import PRIORITY
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.station import Station

TYPES = {
    AlertType.OUT_OF_CONTROL: marked("Out of control"),
    AlertType.OUT_OF_SPEC: marked("Out of specification"),
    AlertType.RUN_RULE: marked("Rule violated"),
    AlertType.TREND: marked("Trend"),
    AlertType.PREDICTION: marked("Prediction"),
    AlertType.CAPABILITY: marked("Capability"),
    AlertType.SAMPLE_OVERDUE: marked("Sample overdue"),
    AlertType.STREAM_SILENT: marked("No data"),
}


class RaiseForm(QFrame):
    """A form in the page: Enter raises, Escape does not."""

    raised = Signal(object, object)
    """Station and alert, once the hub has it."""
    closed = Signal()

    def __init__(self, stations: Sequence[Station], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ask")
        self._stations = stations
        self.product, self.type, self.priority = QComboBox(), QComboBox(), QComboBox()
        self.title, self.message = QLineEdit(), QLineEdit()
        self.ok, self.cancel = QPushButton(), QPushButton()
        self._labels = [QLabel() for _field in range(5)]
        fields = (self.product, self.type, self.priority, self.title, self.message)
        layout = QFormLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        for label, widget in zip(self._labels, fields, strict=True):
            label.setBuddy(widget)
            layout.addRow(label, widget)
        for box in (self.product, self.type, self.priority):
            box.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.ok)
        buttons.addWidget(self.cancel)
        layout.addRow(buttons)
        self.ok.clicked.connect(self.send)
        self.cancel.clicked.connect(self.put_away)
        self.title.textChanged.connect(self._check)
        self.hide()

    def ask(self) -> None:
        """Show the form, empty."""
        self.title.clear()
        self.message.clear()
        self.retranslate()
        self.priority.setCurrentIndex(self.priority.findData(int(Priority.MEDIUM)))
        self.type.setCurrentIndex(0)
        self.show()
        self.title.setFocus()

    def put_away(self) -> None:
        """Raise nothing."""
        self.hide()
        self.closed.emit()

    def retranslate(self) -> None:
        """Write every text anew; what was chosen stays chosen."""
        names = (_("Product"), _("Type"), _("Priority"), _("Title"), _("What happened"))
        fields = (self.product, self.type, self.priority, self.title, self.message)
        for label, widget, name in zip(self._labels, fields, names, strict=True):
            label.setText(name)
            widget.setAccessibleName(name)
        products = [
            (f"{station.title}: {display_name(product)}" if len(self._stations) > 1 else display_name(product), at, id_)
            for at, station in enumerate(self._stations)
            for id_, product in station.products.items()
        ]
        refill(self.product, [(name, (at, id_)) for name, at, id_ in products])
        refill(self.type, [(_(name), str(kind)) for kind, name in TYPES.items()])
        refill(self.priority, [(_(name), int(level)) for level, name in PRIORITY.items()])
        self.ok.setText(_("Raise alert"))
        self.cancel.setText(_("Cancel"))
        self._check()

    def _check(self) -> None:
        why = _("Give the alert a title first") if not self.title.text().strip() else ""
        if not self.product.count():
            why = _("There is no product yet that an alert could belong to")
        self.ok.setEnabled(not why)
        self.ok.setToolTip(why)

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter raises, Escape does not."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.send()
        elif event.key() == Qt.Key.Key_Escape:
            self.put_away()
        else:
            super().keyPressEvent(event)

    def send(self) -> None:
        """Raise the alert; the form stays until the hub has it."""
        if not self.ok.isEnabled():
            self.title.setFocus()
            return
        at, product_id = self.product.currentData()
        create = m.CreateAlert(
            product_id=product_id,
            alert_type=AlertType(self.type.currentData()),
            priority=Priority(self.priority.currentData()),
            title=self.title.text().strip(),
            message=self.message.text().strip(),
        )
        spawn(self, self._send(self._stations[at], create))

    async def _send(self, station: Station, create: m.CreateAlert) -> None:
        result = await station.hub.command(create, station.actor)
        self.put_away()
        for alert in result.alerts:
            self.raised.emit(station, alert)


def refill(box: QComboBox, entries: Sequence[tuple[str, object]]) -> None:
    """Give a box other entries; what was chosen stays chosen where it is still there."""
    chosen = box.currentData()
    box.clear()
    for name, data in entries:
        box.addItem(name, data)
    at = next((at for at, (_name, data) in enumerate(entries) if data == chosen), 0)
    box.setCurrentIndex(at if entries else -1)
