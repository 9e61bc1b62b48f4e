"""Writes what a build is made of: ``.venv/bin/python packaging/sbom.py FILE`` gives a CycloneDX 1.5 list of the packages.

Only what the program depends on, found from the project's own requirements; developers' tools are not in it.
"""

import json
import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path


def components(name: str, found: dict[str, dict[str, object]]) -> None:
    """Add a distribution and, in turn, what it requires without extras; what is not installed here is not in the build."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    try:
        facts = distribution(name)
    except PackageNotFoundError:
        return
    if key in found:
        return
    about = facts.metadata
    licence = about.get("License-Expression") or about.get("License") or "see the package"
    found[key] = {
        "type": "library", "name": key, "version": facts.version, "purl": f"pkg:pypi/{key}@{facts.version}",
        "licenses": [{"license": {"name": licence.splitlines()[0][:100]}}],
    }  # fmt: skip
    for line in facts.requires or []:
        if "extra ==" not in line:
            components(re.split(r"[^\w.-]", line, maxsplit=1)[0], found)


def main() -> None:
    """Write the file."""
    found: dict[str, dict[str, object]] = {}
    components("spc-desktop", found)
    program = found.pop("spc-desktop")
    bill = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": program | {"type": "application"}},
        "components": [found[name] for name in sorted(found)],
    }  # fmt: skip
    Path(sys.argv[1]).write_text(json.dumps(bill, indent=1), encoding="utf-8")
    print(f"{len(found)} packages")


if __name__ == "__main__":
    main()
