"""Runs every check in one go: ``python -m tests.check [options of pytest]``. This is what continuous integration runs.

Static checks first, then pytest; then a summary. The last line is pytest's closing line; the exit status is 0 only when all
of them passed.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "mypy --strict": ["-m", "mypy"],
    "import-linter": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    "codespell": ["-m", "codespell_lib"],
}
CLOSING = re.compile(r"\d+ (passed|failed|error|skipped|deselected)|no tests ran")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def run_static(name: str, arguments: list[str]) -> bool:
    """Run one static check; its output is shown only when it complains."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"----- {name}\n{done.stdout}{done.stderr}", flush=True)
    return done.returncode == 0


def run_pytest(options: list[str]) -> tuple[bool, str]:
    """Run pytest, showing what it prints while it prints it; return success and its closing line."""
    command = [sys.executable, "-m", "pytest", f"--color={'yes' if sys.stdout.isatty() else 'no'}", *options]
    closing = "pytest printed no closing line"
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", errors="replace") as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if CLOSING.search(line):
                closing = COLOURS.sub("", line).strip()
    return process.returncode == 0, closing


def main() -> int:
    """Run everything; return the exit status."""
    os.environ.setdefault("PYTHONUTF8", "1")
    results: list[tuple[str, bool, float]] = []
    for name, arguments in STATIC.items():
        began = time.monotonic()
        results.append((name, run_static(name, arguments), time.monotonic() - began))
    began = time.monotonic()
    passed, closing = run_pytest(sys.argv[1:])
    results.append(("pytest", passed, time.monotonic() - began))
    print()
    for name, good, seconds in results:
        print(f"{name:<15} {'passed' if good else 'FAILED':<8} {seconds:7.1f} s")
    print(closing)
    return 0 if all(good for _, good, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
