"""What closing the window means: into the tray where there is one, else a question."""

from PySide6.QtWidgets import QMessageBox, QWidget

from spc_desktop.i18n import _
from spc_desktop.ui.aio import await_dialog


async def ask_without_tray(window: QWidget) -> bool:
    """Ask whether to quit; minimise the window if that was chosen. Returns True for quit."""
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("SPC Desktop")
    box.setText(_("This desktop has no tray, so the window cannot go on in the background."))
    box.setInformativeText(_("Without the program no notifications are shown. Quit it, or only minimise the window?"))
    quit_button = box.addButton(_("Quit"), QMessageBox.ButtonRole.DestructiveRole)
    small_button = box.addButton(_("Minimise"), QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(small_button)
    box.setEscapeButton(box.addButton(_("Cancel"), QMessageBox.ButtonRole.RejectRole))
    clicked: list[object] = []
    box.buttonClicked.connect(clicked.append)
    await await_dialog(box)
    if small_button in clicked:
        window.showMinimized()
    return quit_button in clicked
