"""Constructs that once hung or crashed programs like this one: found in the syntax tree, so that no comment hides them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "spc_desktop").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TASK_STARTERS = {"hub/tasks.py", "ui/aio.py"}
"""The two modules that may start tasks: they keep them and report their errors."""

BANNED_WORDS = {"works", "correctly", "properly", "handles"}


def called(node):
    """Name of what a call calls: ``create_task`` for ``asyncio.create_task(...)`` and ``loop.create_task(...)``."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def banned_calls(text, inside):
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = called(node)
        if name in {"exec", "exec_"} and isinstance(node.func, ast.Attribute):
            yield f"{inside}:{node.lineno}: .exec() opens a nested event loop; use ui.aio.await_dialog"
        if name == "processEvents":
            yield f"{inside}:{node.lineno}: processEvents runs anything at any time"
        if name in {"asyncSlot", "asyncClose"}:
            yield f"{inside}:{node.lineno}: {name} loses errors; use ui.aio.spawn"
        if name == "quit" and isinstance(node.func, ast.Attribute):
            yield f"{inside}:{node.lineno}: quit() ends the loop under the feet of tasks; set the stop event"
        if name in {"create_task", "ensure_future"} and inside not in TASK_STARTERS and not in_task_group(node):
            yield f"{inside}:{node.lineno}: {name}: use the supervisor or ui.aio.spawn"


def in_task_group(node):
    """A TaskGroup keeps its tasks and raises their errors."""
    return isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") in {"group", "tasks", "tg"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_that_nothing_banned_is_called(path):
    inside = path.relative_to(ROOT / "spc_desktop").as_posix()
    assert list(banned_calls(path.read_text(encoding="utf-8"), inside)) == []


@pytest.mark.parametrize(
    "line", ["d.exec()", "app.processEvents()", "@asyncSlot()\ndef f(): ...", "app.quit()", "asyncio.create_task(f())"]
)
def test_that_search_for_banned_calls_finds_them(line):
    assert list(banned_calls(line, "ui/example.py"))


def test_that_tests_are_named_after_what_the_user_sees():
    bad = []
    for path in TESTS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                words = set(node.name.split("_"))
                if not node.name.startswith("test_that_") or words & BANNED_WORDS:
                    bad.append(f"{path.relative_to(ROOT)}: {node.name}")
    assert bad == []


def test_that_no_file_has_grown_past_reading():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if (lines := path.read_text(encoding="utf-8").count("\n")) > 500
    }
    assert long == {}
