"""Unexpected errors: every door reports, once, with a file; and the last crash below Python is told."""

import asyncio
import sys
import threading
from datetime import UTC, datetime

from spc_desktop.app.crash import ANSWERED_FILE, FAULT_FILE, KEPT, answer_reports, open_reports, reporting_to


def now():
    return datetime(2026, 1, 11, 12, 0, tzinfo=UTC)


def reports(folder):
    return sorted(folder.glob("crash-*.txt"))


def fail(text="broken"):
    raise RuntimeError(text)


def test_that_error_is_saved_and_told_once_and_then_only_counted(tmp_path, caplog):
    told = []
    with reporting_to(tmp_path, now) as reporter:
        reporter.add_listener(lambda summary, path: told.append((summary, path)))
        for _ in range(3):
            try:
                fail()
            except RuntimeError as error:
                reporter.report(error, "here")
    (path,) = reports(tmp_path)
    assert told == [("RuntimeError: broken", path)]
    text = path.read_text(encoding="utf-8")
    assert "in here" in text
    assert "fail()" in text
    assert "again (3 times)" in caplog.text


def test_that_threads_and_the_main_thread_report(tmp_path, caplog):
    told = []
    before = sys.excepthook, threading.excepthook
    with reporting_to(tmp_path, now) as reporter:
        reporter.add_listener(lambda summary, path: told.append(summary))
        thread = threading.Thread(target=fail, args=("in a thread",))
        thread.start()
        thread.join()
        try:
            fail("in the main thread")
        except RuntimeError as error:
            sys.excepthook(RuntimeError, error, error.__traceback__)
    assert told == ["RuntimeError: in a thread", "RuntimeError: in the main thread"]
    assert (sys.excepthook, threading.excepthook) == before
    assert caplog.text


async def test_that_forgotten_failures_of_the_loop_are_reported(tmp_path, caplog):
    told = []
    loop = asyncio.get_running_loop()
    with reporting_to(tmp_path, now) as reporter:
        reporter.add_listener(lambda summary, path: told.append(summary))
        loop.set_exception_handler(reporter.loop_handler)
        loop.call_soon(fail, "in a callback")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        loop.set_exception_handler(None)
    assert told == ["RuntimeError: in a callback"]
    assert caplog.text


def test_that_crash_below_python_is_told_at_the_next_start(tmp_path, caplog):
    (tmp_path / FAULT_FILE).write_text("Fatal Python error: none_dealloc\n", encoding="utf-8")
    with reporting_to(tmp_path, now):
        pass
    assert "none_dealloc" in reports(tmp_path)[0].read_text(encoding="utf-8")
    with reporting_to(tmp_path, now):
        pass
    assert len(reports(tmp_path)) == 1
    assert "none_dealloc" in caplog.text


def test_that_a_report_is_offered_until_it_is_answered_and_a_new_one_again(tmp_path):
    old, new = tmp_path / "crash-20260101-000000-a.txt", tmp_path / "crash-20260102-000000-b.txt"
    old.write_text("one", encoding="utf-8")
    assert open_reports(tmp_path) == [old]
    answer_reports(tmp_path, [old])
    assert open_reports(tmp_path) == []
    new.write_text("two", encoding="utf-8")
    assert open_reports(tmp_path) == [new]
    answer_reports(tmp_path, [new])
    assert open_reports(tmp_path) == []
    old.unlink()
    answer_reports(tmp_path, [])
    assert (tmp_path / ANSWERED_FILE).read_text(encoding="utf-8").split() == [new.name]
    assert open_reports(tmp_path / "none") == []


def test_that_reports_do_not_fill_the_disk(tmp_path, caplog):
    with reporting_to(tmp_path, now) as reporter:
        for number in range(KEPT + 3):
            (tmp_path / f"crash-20200101-000000-{number:04}.txt").touch()
        reporter.report_text("the newest", "a test")
    assert len(reports(tmp_path)) == KEPT
    assert "the newest" in reports(tmp_path)[-1].read_text(encoding="utf-8")
    assert caplog.text
