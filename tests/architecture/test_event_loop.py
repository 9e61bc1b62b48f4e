"""The stack under the window: faults that PySide6 or qasync once had and that short tests pass by luck."""

import subprocess
import sys

REFCOUNTS = """
import sys
from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

class Sender(QObject):
    told = Signal(int)

app = QCoreApplication([])
sender = Sender()
sender.told.connect(lambda value: None)
left = [600]
def tick():
    sender.told.emit(left[0])
    left[0] -= 1
    if left[0] == 500:
        counts.append(sys.getrefcount(None))
    if left[0]:
        QTimer.singleShot(0, tick)
    else:
        counts.append(sys.getrefcount(None))
        app.quit()
counts = []
QTimer.singleShot(0, tick)
app.exec()
print(counts[1] - counts[0])
"""

SOAK = """
import asyncio, sys
import qasync
from PySide6.QtWidgets import QApplication

app = QApplication([])
loop = qasync.QEventLoop(app)
async def soak():
    for _ in range(60_000):
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    return "alive"
with loop:
    print(loop.run_until_complete(soak()))
"""


def run_offscreen(code):
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", code], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_that_callbacks_of_qt_lose_no_reference_to_none():
    """PySide6 6.12.0 lost one per callback on CPython 3.11 and aborted it after some thousands."""
    lost = int(run_offscreen(REFCOUNTS))
    assert abs(lost) < 50


def test_that_sixty_thousand_wake_ups_leave_the_loop_alive():
    assert run_offscreen(SOAK) == "alive"
