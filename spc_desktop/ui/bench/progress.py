"""Work that takes a while, in a row of the page: how far it is, and a way to stop it."""

import asyncio

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from spc_desktop.i18n import _

STEPS = 1_000


class ProgressRow(QFrame):
    """Shown while the work goes on; one at a time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ask")
        self._label, self.bar, self.cancel = QLabel(), QProgressBar(), QPushButton()
        self._task: asyncio.Task[None] | None = None
        self.bar.setRange(0, STEPS)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self._label)
        layout.addWidget(self.bar, 1)
        layout.addWidget(self.cancel)
        self.cancel.clicked.connect(self.stop)
        self.hide()

    @property
    def busy(self) -> bool:
        """Return whether something is going on."""
        return self._task is not None and not self._task.done()

    def begin(self, text: str, task: asyncio.Task[None]) -> None:
        """Show what is done; it ends with its task."""
        self._task = task
        self._label.setText(text)
        self.cancel.setText(_("Cancel"))
        self.bar.setAccessibleName(text)
        self.bar.setValue(0)
        self.show()
        task.add_done_callback(lambda _task: self._ended())

    def advance(self, done: int, of: int) -> None:
        """Say how far it is."""
        self.bar.setValue(STEPS * done // max(of, 1))

    def stop(self) -> None:
        """Stop the work."""
        if self._task is not None:
            self._task.cancel()

    def _ended(self) -> None:
        self._task = None
        self.hide()
