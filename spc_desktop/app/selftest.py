"""The command ``spc-desktop selftest``: our value beside the reference for every golden case.

Owns finding the case files and printing. The comparison itself is ``spc.golden``.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from spc_desktop.paths import resource
from spc_desktop.spc.golden import Leaf, Outcome, run_case

_LONG_LIST = 6
"""Lists longer than this are printed as one line with their worst value, so that the page stays readable."""


def run_selftest(cases: Path | None, values: bool, out: TextIO) -> int:
    """Run every case and print the page an auditor reads.

    Args:
        cases: a folder of case files in the golden format (searched recursively, INDEX.json is left out), or a single
            file; None: the cases that the program ships.
        values: print our value beside the reference for every number, not only one line a case. The shipped cases are
            always printed so.
        out: where to print.

    Returns:
        The exit status: 0 when no case failed, 1 when one did, 2 when there is no case to run.
    """
    root = shipped_cases() if cases is None else cases
    if not root.exists():
        print(f"no such file or folder: {root}", file=out)
        return 2
    counts: Counter[str] = Counter()
    for path in _case_files(root):
        outcome = _run_file(path)
        counts[outcome.verdict] += 1
        print(_line(outcome), file=out)
        if (values or cases is None) and outcome.comparison is not None:
            for text in _values(outcome.comparison.leaves):
                print(f"    {text}", file=out)
    if not counts:
        print(f"no case files (*.json) in {root}", file=out)
        return 2
    total = sum(counts.values())
    print(f"{total} cases: " + ", ".join(f"{counts[key]} {key}" for key in ("pass", "fail", "unsupported")), file=out)
    return 1 if counts["fail"] else 0


def shipped_cases() -> Path:
    """Return the folder of the golden cases of this installation.

    Raises:
        FileNotFoundError: neither a build nor a source checkout.
    """
    try:
        return resource("golden")
    except FileNotFoundError:
        checkout = Path(__file__).parents[2] / "tests" / "data" / "golden"
        if checkout.is_dir():
            return checkout
        raise


def _case_files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    yield from (path for path in sorted(root.rglob("*.json")) if path.name != "INDEX.json")


def _run_file(path: Path) -> Outcome:
    try:
        case = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as error:
        return Outcome("fail", path.parent.name, path.stem, f"{path.name}: cannot be read as JSON: {error}")
    return run_case(case)


def _no_number(token: str) -> object:
    raise ValueError(f"{token} is no number in JSON (a missing value is null)")


def _line(outcome: Outcome) -> str:
    """Verdict, feature/name, worst relative error, tolerance, and the reason where it is no pass: one line."""
    comparison = outcome.comparison
    measured = ("-", "-") if comparison is None else (f"{comparison.worst:.2g}", comparison.tolerance)
    columns = [outcome.verdict, f"{outcome.feature}/{outcome.name}", *measured, outcome.reason]
    return "  ".join(" ".join(column.split()) for column in columns if column)


def _values(leaves: tuple[Leaf, ...]) -> Iterator[str]:
    """One line a value; a long list as one line with its worst value."""
    groups: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        head, _, tail = leaf.path.rpartition("/")
        groups.setdefault(head + "/*" if tail.isdigit() else leaf.path, []).append(leaf)
    for path, group in groups.items():
        if len(group) > _LONG_LIST:
            worst = max(group, key=lambda leaf: (not leaf.passed, leaf.error or 0.0))
            yield f"{path} ({len(group)} values, the worst is {worst.path.rsplit('/', 1)[-1]}): {_value(worst)}"
        else:
            yield from (f"{leaf.path}: {_value(leaf)}" for leaf in group)


def _value(leaf: Leaf) -> str:
    if not leaf.compared:
        return f"not compared  [{leaf.reason}]"
    error = "" if leaf.error is None else f"  error {leaf.error:.2g}"
    mark = "" if leaf.passed else "  FAIL"
    why = f"  [{leaf.reason}]" if leaf.reason else ""
    return f"ours {_text(leaf.got)}  reference {_text(leaf.expected)}{error}{mark}{why}"


def _text(value: object) -> str:
    text = f"{value:.15g}" if isinstance(value, float) else "not defined" if value is None else str(value)
    return text if len(text) <= 80 else text[:77] + "..."
