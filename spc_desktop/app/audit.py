"""``spc-desktop audit verify``: examines the audit trail of a data folder and says what is whole."""

from pathlib import Path

from spc_desktop.app.start import Start
from spc_desktop.i18n import _
from spc_desktop.storage.audit import Report, examine
from spc_desktop.storage.store import FILE_NAME

ALTERED = 1
"""Exit status: a record was altered, removed or put in."""


def run_verify(start: Start) -> int:
    """Print the report; 0 when every record is as it was written.

    Raises:
        KnownError: the database is not there or cannot be read.
    """
    file = start.data_dir / FILE_NAME
    found = examine(file)
    print("\n".join(describe(found, file)))
    return 0 if found.first_bad is None else ALTERED


def describe(found: Report, file: Path) -> list[str]:
    """Return the lines for the terminal."""
    lines = [_("{path}: {count} audit records", path=file, count=found.records)]
    if found.first_bad is not None:
        lines.append(_("record {seq} was altered, removed or put in", seq=found.first_bad))
    lines += [_("intact: records {first} to {last}", first=first, last=last) for first, last in found.intact]
    if found.head:
        lines.append(_("hash of the last record (note it elsewhere): {hash}", hash=found.head))
    return lines
