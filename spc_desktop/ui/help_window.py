"""The help inside the program: the pages of ``resources/help`` in the window's language, beside the work."""

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QUrl
from PySide6.QtWidgets import QDialog, QListWidget, QListWidgetItem, QSplitter, QTextBrowser, QVBoxLayout, QWidget

from spc_desktop.i18n import _, current_language
from spc_desktop.paths import resource

FIRST_TOPIC = "getting-started"


def topic_of(widget: QWidget | None) -> str:
    """Return the help topic of the widget that has the keyboard, or of the nearest widget around it that has one."""
    while widget is not None:
        topic = widget.property("help_topic")
        if topic and (resource("help/en") / f"{topic}.md").exists():
            return str(topic)
        widget = widget.parentWidget()
    return FIRST_TOPIC


class HelpWindow(QDialog):
    """Topics at the left, the text at the right. It stays open while the work goes on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.resize(960, 700)
        self.topics, self.text = QListWidget(), QTextBrowser()
        self.text.setOpenExternalLinks(False)
        self.text.setOpenLinks(False)
        self.text.anchorClicked.connect(self._follow)
        self.topics.currentItemChanged.connect(self._chosen)
        splitter = QSplitter()
        splitter.addWidget(self.topics)
        splitter.addWidget(self.text)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([240, 720])
        layout = QVBoxLayout(self)
        layout.addWidget(splitter)
        self._topic = FIRST_TOPIC
        self.retranslate()

    def show_topic(self, topic: str) -> None:
        """Show a page of the help."""
        self._topic = topic
        for row in range(self.topics.count()):
            item = self.topics.item(row)
            if item.data(Qt.ItemDataRole.UserRole) == topic:
                self.topics.setCurrentItem(item)
        self.show()
        self.raise_()
        self.activateWindow()
        self.text.setFocus()

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """List the topics in the window's language; the one that is shown stays."""
        self.setWindowTitle(_("Help"))
        self.topics.setAccessibleName(_("Topics"))
        topic = self._topic
        self.topics.clear()
        files = sorted(resource(f"help/{current_language()}").glob("*.md"), key=lambda path: path.stem != FIRST_TOPIC)
        for path in files:
            item = QListWidgetItem(_title(path))
            item.setData(Qt.ItemDataRole.UserRole, path.stem)
            self.topics.addItem(item)
            if path.stem == topic:
                self.topics.setCurrentItem(item)

    def _chosen(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        self._topic = str(item.data(Qt.ItemDataRole.UserRole))
        path = resource(f"help/{current_language()}") / f"{self._topic}.md"
        self.text.setMarkdown(path.read_text(encoding="utf-8"))

    def _follow(self, link: QUrl) -> None:
        name = Path(link.path()).stem
        if link.isRelative() and (resource("help/en") / f"{name}.md").exists():
            self.show_topic(name)


def _title(path: Path) -> str:
    """Return a page's heading."""
    with path.open(encoding="utf-8") as stream:
        return stream.readline().lstrip("# ").strip()
