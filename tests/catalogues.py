"""Translation catalogues: what the source says, what the .po files translate, and the .mo files the program reads.

``python -m tests.catalogues`` compiles every .po and lists texts without a translation; ``tests/architecture`` and
``tests/gui`` ask the same functions. Uses polib (MIT), because the standard library reads .mo files but writes none.
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


def compiled(path: Path) -> bytes:
    """Return the .mo of a .po, the same bytes for the same texts."""
    return bytes(polib.pofile(str(path), encoding="utf-8").to_binary())


def main() -> int:
    """Compile, and list what is missing."""
    missing = 0
    for path in po_files():
        path.with_suffix(".mo").write_bytes(compiled(path))
        known = {entry.msgid for entry in polib.pofile(str(path), encoding="utf-8") if entry.msgstr}
        for text, place in source_texts().items():
            if text not in known:
                missing += 1
                print(f"{place}: not translated: {text!r}")
    print(f"{len(po_files())} catalogues compiled, {missing} texts missing")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
