"""The keys of a chart; letters count by their key, whatever the input method is set to."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from spc_desktop.ui.keys import letter

if TYPE_CHECKING:
    from spc_desktop.ui.charts.control_chart import ControlChart

_CONTROL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_ENTER = {Qt.Key.Key_Return, Qt.Key.Key_Enter}


def obey(chart: "ControlChart", event: QKeyEvent) -> bool:
    """Do what the key asks for; False for a key that means nothing here."""
    return _brush(chart, event) or _walk(chart, event) or _zoom(chart, event) or _command(chart, event)


def _brush(chart: "ControlChart", event: QKeyEvent) -> bool:
    if not chart.brush.active:
        return False
    key, keys = Qt.Key(event.key()), event.modifiers()
    step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(key)
    if step and keys & _SHIFT:
        chart.brush.extend(step * (10 if keys & _CONTROL else 1))
    elif key in _ENTER:
        chart.brush.end(chosen=True)
    elif key == Qt.Key.Key_Escape:
        chart.brush.end(chosen=False)
    else:
        return False
    return True


def _walk(chart: "ControlChart", event: QKeyEvent) -> bool:
    series, key = chart.series, Qt.Key(event.key())
    if series is None or not series.count:
        return False
    step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(key)
    here = chart.cursor_position
    if step and event.modifiers() & _CONTROL:
        chart.go_to_signal(step)
    elif step:
        chart.go_to(series.end - 1 if here is None else here + step)
    elif key in _ENTER:
        if here is None:
            chart.go_to(series.end - 1)
        if chart.cursor_position is not None:
            chart.point_activated.emit(chart.cursor_position)
    else:
        return False
    return True


def _zoom(chart: "ControlChart", event: QKeyEvent) -> bool:
    low, high = chart.view_range
    span, middle = high - low, (high + low) / 2
    match Qt.Key(event.key()):
        case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
            chart.set_view(middle - span / 4, middle + span / 4)
        case Qt.Key.Key_Minus:
            chart.set_view(middle - span, middle + span)
        case Qt.Key.Key_PageUp:
            chart.set_view(low - span * 0.8, high - span * 0.8)
        case Qt.Key.Key_PageDown:
            chart.set_view(low + span * 0.8, high + span * 0.8)
        case Qt.Key.Key_Home:
            chart.set_view(-0.5, span)
        case Qt.Key.Key_End:
            chart.lock()
        case _:
            return False
    return True


def _command(chart: "ControlChart", event: QKeyEvent) -> bool:
    position = chart.cursor_position
    if event.key() == Qt.Key.Key_F2:
        chart.table_requested.emit()
    elif event.key() == Qt.Key.Key_E and event.modifiers() & _CONTROL:
        chart.export_requested.emit()
    else:
        match letter(event):
            case "L":
                chart.lock()
            case "Z":
                chart.reset()
            case "B":
                chart.brush_requested.emit()
            case "X" if position is not None:
                signal = chart.restore_requested if event.modifiers() & _SHIFT else chart.exclude_requested
                signal.emit(position)
            case _:
                return False
    return True
