"""Runs the benchmarks: ``python -m tests.perf`` all in turn, ``python -m tests.perf NAME...`` some, ``--list`` names them.

The soak is left out unless it is named: it takes half an hour.
"""

import ast
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
LONG = {"soak"}


def benchmarks():
    """Return name -> first line of the docstring of every module here that is a program."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not path.name.startswith("_") and '__name__ == "__main__"' in text:
            found[path.stem] = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    return found


def main():
    """Run what was asked for; return 1 when one of them failed."""
    known = benchmarks()
    wanted = sys.argv[1:]
    unknown = [name for name in wanted if name not in known]
    if unknown or wanted == ["--list"]:
        print("\n".join(f"{name:<14}{text}" for name, text in known.items()))
        return 0 if wanted == ["--list"] else 2
    status = 0
    for name in wanted or [name for name in known if name not in LONG]:
        print(f"\n===== {name}: {known[name]}", flush=True)
        status |= subprocess.call([sys.executable, "-m", f"tests.perf.{name}"], cwd=FOLDER.parents[1]) != 0
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
