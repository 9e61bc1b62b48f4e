"""Icons of the packages from the one drawing ``resources/icons/app.svg``. Needs PySide6, no display.

``python packaging/artwork.py DRAWING FOLDER`` fills an icon theme's folder.
"""

import os
import struct
import sys
from pathlib import Path

SIZES = (16, 24, 32, 48, 64, 128, 256)


def render(drawing: Path, size: int) -> bytes:
    """Return the drawing as a PNG file of ``size`` x ``size`` pixels."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice  # noqa: PLC0415 - only who draws needs Qt
    from PySide6.QtGui import QImage, QPainter  # noqa: PLC0415
    from PySide6.QtSvg import QSvgRenderer  # noqa: PLC0415

    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(drawing)).render(painter)
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    buffer.close()
    return bytes(data.data())


def write_ico(drawing: Path, target: Path) -> Path:
    """Write a Windows icon with all sizes, each as a PNG; return ``target``."""
    pictures = [(size, render(drawing, size)) for size in SIZES]
    offset = 6 + 16 * len(pictures)
    header, body = struct.pack("<HHH", 0, 1, len(pictures)), b""
    for size, png in pictures:
        header += struct.pack("<BBBBHHII", size % 256, size % 256, 0, 0, 1, 32, len(png), offset + len(body))
        body += png
    target.write_bytes(header + body)
    return target


def write_hicolor(drawing: Path, folder: Path) -> None:
    """Write the icon theme's folders: the drawing itself and each size as a PNG."""
    for size in SIZES:
        target = folder / f"{size}x{size}" / "apps" / "spc-desktop.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(render(drawing, size))
    target = folder / "scalable" / "apps" / "spc-desktop.svg"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(drawing.read_bytes())


if __name__ == "__main__":
    write_hicolor(Path(sys.argv[1]), Path(sys.argv[2]))
