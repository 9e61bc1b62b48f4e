"""What is wrong with a window, as far as a program can see it: clipped text, widgets on each other, English in Korean."""

import re
from functools import lru_cache

from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, QRect, Qt
from PySide6.QtGui import QTextDocumentFragment
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QGroupBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QRadioButton,
    QStackedLayout,
    QTabBar,
    QTableView,
    QToolButton,
    QWidget,
)

from spc_desktop.i18n import translate
from tests.catalogues import source_texts

SLACK = 2
"""Pixels that rounding may cost."""
ROWS = 40
"""Rows of a table that are read."""


def problems(root: QWidget, language: str) -> list[str]:
    """Return one line for each thing that is wrong with the visible part of a window."""
    found = []
    for widget in [root, *root.findChildren(QWidget)]:
        if not widget.isVisible() or widget.visibleRegion().isEmpty():
            continue
        found += _clipped(widget)
        found += _overlapping(widget)
        if language == "ko":
            found += [f"not translated: {text!r} in {_name(widget)}" for text in texts(widget) if is_english(text)]
    return list(dict.fromkeys(found))


# -- clipped text ------------------------------------------------------------------------------------------------------


def _clipped(widget: QWidget) -> list[str]:
    if isinstance(widget, QLabel):
        return _clipped_label(widget)
    if isinstance(widget, QHeaderView):
        return _clipped_header(widget)
    if isinstance(widget, QTabBar):
        wide = [at for at in range(widget.count()) if widget.tabRect(at).right() > widget.width() + SLACK]
        return [f"clipped: tab {widget.tabText(at)!r} of {_name(widget)}" for at in wide]
    if isinstance(widget, QPushButton | QToolButton | QCheckBox | QRadioButton | QComboBox):
        text = widget.currentText() if isinstance(widget, QComboBox) else widget.text()
        need, have = widget.sizeHint() if not isinstance(widget, QComboBox) else widget.minimumSizeHint(), widget.size()
        if isinstance(widget, QToolButton) and widget.toolButtonStyle() == Qt.ToolButtonStyle.ToolButtonIconOnly:
            text = "" if not widget.icon().isNull() else text
        if text and (have.width() + SLACK < need.width() or have.height() + SLACK < need.height()):
            return [f"clipped: {text!r} needs {need.toTuple()}, has {have.toTuple()} in {_name(widget)}"]
    return []


def _clipped_label(label: QLabel) -> list[str]:
    text = label.text()
    if not text or _plain(label.toolTip()) == _plain(text):  # shortened on purpose, and told in full elsewhere
        return []
    have = label.contentsRect().size()
    if label.wordWrap():
        high = label.heightForWidth(label.width())
        clipped = high > label.height() + SLACK
        need = (label.width(), high)
    else:
        hint = label.sizeHint()
        clipped = hint.width() > label.width() + SLACK or hint.height() > label.height() + SLACK
        need = hint.toTuple()
    return [f"clipped: {_plain(text)[:60]!r} needs {need}, has {have.toTuple()} in {_name(label)}"] if clipped else []


def _clipped_header(header: QHeaderView) -> list[str]:
    if header.orientation() is not Qt.Orientation.Horizontal or header.model() is None:
        return []
    found = []
    for section in range(header.count()):
        text = str(header.model().headerData(section, Qt.Orientation.Horizontal) or "")
        if text and not header.isSectionHidden(section):
            need = header.fontMetrics().horizontalAdvance(text)
            if need > header.sectionSize(section):
                found.append(f"clipped: column {text!r} needs {need}, has {header.sectionSize(section)}")
    if header.height() + SLACK < header.fontMetrics().height():
        found.append(f"clipped: header of {_name(header)} is {header.height()} high")
    view = header.parent()
    filled = isinstance(view, QTableView) and view.model().rowCount() > 0
    if filled and view.rowHeight(0) + SLACK < view.fontMetrics().height():
        found.append(f"clipped: rows of {_name(view)} are {view.rowHeight(0)} high")
    return found


# -- overlap -----------------------------------------------------------------------------------------------------------


def _overlapping(parent: QWidget) -> list[str]:
    layout = parent.layout()
    if layout is None or isinstance(layout, QStackedLayout):
        return []
    children = [item.widget() for item in map(layout.itemAt, range(layout.count())) if item is not None]
    shown = [child for child in children if child is not None and child.isVisible()]
    found = []
    for at, one in enumerate(shown):
        for other in shown[at + 1 :]:
            both = one.geometry().intersected(other.geometry())
            if both.width() > SLACK and both.height() > SLACK:
                found.append(f"overlap: {_name(one)} and {_name(other)} at {_box(both)}")
    return found


# -- words -------------------------------------------------------------------------------------------------------------


def texts(widget: QWidget) -> list[str]:
    """Return everything that a widget shows or tells a screen reader."""
    found = [widget.toolTip(), widget.accessibleName(), widget.accessibleDescription()]
    if widget.isWindow():
        found.append(widget.windowTitle())
    if isinstance(widget, QLabel | QAbstractButton):
        found.append(widget.text())
    if isinstance(widget, QGroupBox | QMenu):
        found.append(widget.title())
    if isinstance(widget, QLineEdit):
        found.append(widget.placeholderText())
    if isinstance(widget, QComboBox):
        found += [widget.itemText(at) for at in range(widget.count())]
    if isinstance(widget, QTabBar):
        found += [widget.tabText(at) for at in range(widget.count())]
    if isinstance(widget, QAbstractItemView) and not isinstance(widget, QHeaderView):
        found += _cells(widget)
    found += [action.text().replace("&", "") for action in widget.actions()]
    return [plain for text in found for plain in (_plain(text), *map(_plain, text.split("\n"))) if plain]


def _columns(model: QAbstractItemModel, parent: QModelIndex | None = None) -> int:
    if isinstance(model, QAbstractListModel):  # says nothing about columns
        return 1
    return int(model.columnCount(parent or QModelIndex()))


def _cells(view: QAbstractItemView) -> list[str]:
    model, found = view.model(), []
    if model is None:
        return found
    columns = range(_columns(model))
    found += [str(model.headerData(column, Qt.Orientation.Horizontal) or "") for column in columns]
    waiting = [QModelIndex()]
    while waiting and len(found) < 2000:
        parent = waiting.pop()
        for row in range(min(ROWS, model.rowCount(parent))):
            for column in range(_columns(model, parent)):
                index = model.index(row, column, parent)
                found.append(str(index.data() or ""))
            waiting.append(model.index(row, 0, parent))
    return found


@lru_cache(maxsize=1)
def _keys() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    plain, patterns = set(), []
    for key in source_texts():
        if translate(key, "ko") == key or not re.search(r"[a-z]{3}", key):
            continue
        if "{" not in key:
            plain.add(_plain(key).replace("&", ""))
            continue
        parts = re.split(r"\{[^}]*\}", key)
        if sum(len(part.strip()) for part in parts) >= 8:
            patterns.append(re.compile(".+".join(map(re.escape, parts)), re.DOTALL))
    return frozenset(plain), tuple(patterns)


def is_english(text: str) -> bool:
    """Tell whether a text is an English sentence of the program that has a Korean one."""
    if not re.search(r"[a-z]{3}", text) or re.search("[가-힣]", text):
        return False
    plain, patterns = _keys()
    return text in plain or any(pattern.fullmatch(text) for pattern in patterns)


def _plain(text: str) -> str:
    return QTextDocumentFragment.fromHtml(text).toPlainText().strip() if "<" in text else text.strip()


def _name(widget: QWidget) -> str:
    parts = []
    at: QWidget | None = widget
    while at is not None and len(parts) < 3:
        parts.append(type(at).__name__ + (f"#{at.objectName()}" if at.objectName() else ""))
        at = at.parentWidget()
    return " in ".join(parts)


def _box(box: QRect) -> str:
    return f"{box.x()},{box.y()} {box.width()}x{box.height()}"
