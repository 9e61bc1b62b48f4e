"""The three doors of a program without data: each says in one sentence what happens behind it."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QProgressBar, QPushButton, QVBoxLayout, QWidget

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.doors import Doors
from spc_desktop.ui.message_bar import MessageBar


class Door(QFrame):
    """A heading, a sentence, what has to be typed, and the button that opens it."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("door")
        self.title, self.text, self.button = QLabel(), QLabel(), QPushButton()
        self.title.setObjectName("subtitle")
        for label in (self.title, self.text):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.body = QVBoxLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.addWidget(self.title)
        layout.addWidget(self.text)
        layout.addStretch(1)
        layout.addLayout(self.body)
        layout.addWidget(self.button)

    def write(self, title: str, text: str, button: str) -> None:
        """Write its texts."""
        self.title.setText(title)
        self.text.setText(text)
        self.button.setText(button)
        self.button.setAccessibleDescription(text)


class FirstRun(QWidget):
    """Sample plant, server, alone."""

    plant_started = Signal()
    alone = Signal()

    def __init__(self, doors: Doors | None, last_address: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._doors = doors
        self.title, self.text = QLabel(), QLabel()
        self.plant, self.server, self.own = Door(), Door(), Door()
        self.address, self.token = QLineEdit(last_address), QLineEdit()
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.busy, self.messages = QProgressBar(), MessageBar()
        self.busy.setRange(0, 0)
        self.busy.hide()
        self._lay_out()
        self.plant.button.clicked.connect(lambda: spawn(self, self._start_plant()))
        for signal in (self.server.button.clicked, self.address.returnPressed, self.token.returnPressed):
            signal.connect(self._connect_soon)
        self.own.button.clicked.connect(self.alone)
        self.setFocusProxy(self.plant.button)
        self.retranslate()

    def _lay_out(self) -> None:
        self.title.setObjectName("title")
        for label in (self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
        for field in (self.address, self.token):
            self.server.body.addWidget(field)
        row = QHBoxLayout()
        row.setSpacing(14)
        for door in (self.plant, self.server, self.own):
            row.addWidget(door, 1)
            door.setVisible(self._doors is not None)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 12, 24, 12)
        layout.addStretch(1)
        for widget in (self.title, self.text, self.messages):
            layout.addWidget(widget)
        layout.addSpacing(12)
        layout.addLayout(row)
        layout.addWidget(self.busy)
        layout.addStretch(2)

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Write every text anew."""
        if self._doors is None:
            self.title.setText(_("No products yet"))
            self.text.setText(_("Products appear here as soon as this hub has some."))
            return
        self.title.setText(_("Welcome to SPC Desktop"))
        self.text.setText(_("There are no products here yet. How do you want to begin?"))
        self.plant.write(
            _("Try it with the sample plant"),
            _(
                "A simulated plant with three products delivers live values into this PC; faults and alerts come by themselves."
            ),
            _("Start the sample plant"),
        )
        self.server.write(
            _("Connect to a server"),
            _("Shows the charts and alerts of a hub that runs elsewhere in your network."),
            _("Connect"),
        )
        self.own.write(
            _("Start alone on this PC"),
            _("Makes this PC its own station: you import a file of measurements, and everything stays here."),
            _("Start alone"),
        )
        self.address.setPlaceholderText(_("Address, for example http://10.0.0.5:8000"))
        self.address.setAccessibleName(_("Address of the server"))
        self.token.setPlaceholderText(_("Token, if the server wants one"))
        self.token.setAccessibleName(_("Token, if the server wants one"))

    # -- opening -------------------------------------------------------------------------------------------------------

    async def _start_plant(self) -> None:
        if self._doors is None:
            return
        self._work(_("The sample plant is being filled with its history…"))
        try:
            await self._doors.start_plant()
        finally:
            self._rest()
        self.plant_started.emit()

    def _connect_soon(self) -> None:
        if not self.address.text().strip():
            self.messages.say(_("Type the address of the server first."), "warning")
            self.address.setFocus()
            return
        spawn(self, self._connect())

    async def _connect(self) -> None:
        if self._doors is None:
            return
        self._work(_("Connecting to {address}…", address=self.address.text().strip()))
        try:
            await self._doors.connect(self.address.text(), self.token.text().strip())
        finally:
            self._rest()

    def _work(self, text: str) -> None:
        self.messages.say(text, "warning")
        self.busy.show()
        for door in (self.plant, self.server, self.own):
            door.setEnabled(False)

    def _rest(self) -> None:
        self.messages.hide()
        self.busy.hide()
        for door in (self.plant, self.server, self.own):
            door.setEnabled(True)

    def show_error(self, error: UserError | KnownError) -> None:
        """Say what went wrong, and what can be done: the address stays where it was typed."""
        text = sentence(error.code, error.params, current_language())
        detail = str(error.params.get("detail") or "")
        advice = _("Check the address and that the server is on, or work on this PC for now.")
        self.messages.say(" ".join(part for part in (text, detail, advice) if part), "error")
        self.address.setFocus()
        self.address.selectAll()
