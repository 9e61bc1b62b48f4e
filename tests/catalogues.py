"""Translation catalogues: what the source says and what the .po files translate, which the program reads as they are.

``python -m tests.catalogues`` sorts every .po by its English texts, drops those that the program no longer has, and lists
what is not translated; ``tests/gui`` asks the same functions. Uses polib (MIT).
"""

import ast
import sys
from pathlib import Path

import polib

from spc_desktop.i18n import DOMAIN

ROOT = Path(__file__).parent.parent
LOCALE = ROOT / "resources" / "locale"
CALLS = {"_", "marked", "translate", "_filled"}
TABLE_FILES = {"wording.py", "failures.py"}
"""Modules whose module-level tables hold sentences as plain strings."""
NOT_TEXT = {"{problem}"}


def source_texts() -> dict[str, str]:
    """Return every text of the program that is to be translated -> where it stands."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "spc_desktop").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for text, line in [*_called(tree), *(_tabled(tree) if path.name in TABLE_FILES else [])]:
            if text and text not in NOT_TEXT:
                found.setdefault(text, f"{path.relative_to(ROOT)}:{line}")
    return found


def _called(tree: ast.AST) -> list[tuple[str, int]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            function = node.func
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            if name in CALLS:
                found += _strings(node.args[0])
    return found


def _tabled(tree: ast.Module) -> list[tuple[str, int]]:
    found = []
    for node in tree.body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        for entry in value.values if isinstance(value, ast.Dict) else []:
            found += _strings(entry)
    for node in ast.walk(tree):  # the default of ``TABLE.get(code, "...")``
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "get" and len(node.args) == 2:
            found += [(text, line) for text, line in _strings(node.args[1]) if " " in text]
    return found


def _strings(node: ast.AST) -> list[tuple[str, int]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [(node.value, node.lineno)]
    if isinstance(node, ast.Tuple):
        return [pair for element in node.elts for pair in _strings(element)]
    if isinstance(node, ast.IfExp):
        return _strings(node.body) + _strings(node.orelse)
    return []


def po_files() -> list[Path]:
    """Return every catalogue in source form."""
    return sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def tidy(path: Path) -> str:
    """Return a catalogue as it should be: sorted, one line a text, nothing that the source no longer says."""
    catalogue, known = polib.pofile(str(path), encoding="utf-8", wrapwidth=0), source_texts()
    result = polib.POFile(wrapwidth=0)
    result.metadata = catalogue.metadata
    for entry in sorted(catalogue, key=lambda entry: entry.msgid):
        if entry.msgid in known:
            result.append(polib.POEntry(msgid=entry.msgid, msgstr=entry.msgstr))
    return f"{result}\n"


def main() -> int:
    """Tidy up, and list what is missing."""
    missing = 0
    for path in po_files():
        path.write_text(tidy(path), encoding="utf-8")
        known = {entry.msgid for entry in polib.pofile(str(path), encoding="utf-8") if entry.msgstr}
        for text, place in source_texts().items():
            if text not in known:
                missing += 1
                print(f"{place}: not translated: {text!r}")
    print(f"{len(po_files())} catalogues sorted, {missing} texts missing")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
