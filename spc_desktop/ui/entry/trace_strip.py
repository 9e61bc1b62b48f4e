"""Traceability along the bottom: what a scan fills, who measures. It stays until another code is scanned."""

from collections.abc import Mapping

from msgspec import structs
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from spc_desktop.domain.measurement import Trace
from spc_desktop.domain.register import TRACE_FIELDS
from spc_desktop.i18n import _, marked

NAMES: Mapping[str, str] = {
    "lot": marked("Lot"),
    "machine": marked("Machine"),
    "operator": marked("Operator"),
    "cavity": marked("Cavity"),
    "gauge": marked("Gauge"),
    "serial": marked("Serial"),
}


class TraceStrip(QWidget):
    """A button for each field: a click asks for it, as a scan fills it."""

    wanted = Signal(str)
    """The person wants to type a field."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.trace = Trace()
        self.operator_name = ""
        self.buttons: dict[str, QPushButton] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 0, 10, 0)
        for field in TRACE_FIELDS:
            button = QPushButton()
            button.setMinimumHeight(48)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _on, field=field: self.wanted.emit(field))
            layout.addWidget(button)
            self.buttons[field] = button
        self.retranslate()

    def fill(self, field: str, code: str, name: str = "") -> None:
        """Take a code; ``name``: of the operator, who is shown by it."""
        self.trace = structs.replace(self.trace, **{field: code})
        if field == "operator":
            self.operator_name = name
        self.retranslate()

    def retranslate(self) -> None:
        """Write every field anew."""
        for field, button in self.buttons.items():
            code = getattr(self.trace, field)
            if field == "operator" and self.operator_name:
                code = self.operator_name
            text = f"{_(NAMES[field])}\n{code or '–'}"
            button.setText(text)
            button.setAccessibleName(f"{_(NAMES[field])}: {code or _('not given')}")
            button.setToolTip(_("Scan it, or click to type it"))
