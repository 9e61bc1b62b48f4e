"""``spc-desktop import``: a CSV file into the data folder, or into the hub that runs on it or elsewhere."""

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from spc_desktop.app.build import build_hub
from spc_desktop.app.clock import SystemClock
from spc_desktop.app.failures import USAGE
from spc_desktop.app.instance import running_hub, sole_user
from spc_desktop.app.start import Start, known_hubs
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.api import HubApi
from spc_desktop.i18n import _, current_language, marked
from spc_desktop.protocol.wording import sentence
from spc_desktop.sources.csv_file import ImportReport, Problem, import_csv
from spc_desktop.sources.csv_target import ImportOptions
from spc_desktop.viewer.link import socket_url
from spc_desktop.viewer.remote_hub import RemoteHub
from spc_desktop.viewer.trust import Trust

SHOWN_PROBLEMS = 20

PROBLEMS = {
    "not_a_number": marked('"{text}" is not a number (missing values: empty, * or NA)'),
    "cell_absent": marked("the row ends before this column"),
    "time_unreadable": marked('"{text}" is no time that can be read (write 2026-01-31 08:05:00)'),
}


def run_import(start: Start, options: Namespace) -> int:
    """Import one file and print what became of it; 0 when every row was taken (or had been before), else ``USAGE``."""
    names = {role: getattr(options, f"{role}_column") for role in ("value", "subgroup", "size", "time")}
    wanted = ImportOptions(
        product=options.product,
        characteristic=options.characteristic or "",
        chart=options.chart or "",
        learn=options.learn or 0,
        columns={role: name for role, name in names.items() if name},
    )
    with asyncio.Runner() as runner:
        report = runner.run(_import(start, options, wanted))
    print(describe(report))
    return USAGE if report.problems else 0


async def _import(start: Start, options: Namespace, wanted: ImportOptions) -> ImportReport:
    async with some_hub(start, options.url or "", getattr(options, "token", "") or "") as hub:
        return await import_csv(hub, options.file, wanted, _written(options))


def _written(options: Namespace) -> datetime:
    try:
        return datetime.fromtimestamp(options.file.stat().st_mtime).astimezone()
    except OSError as error:
        raise KnownError("file_unreadable", file=str(options.file), reason=error.strerror or str(error)) from error


@asynccontextmanager
async def some_hub(start: Start, url: str, token: str = "") -> AsyncIterator[HubApi]:
    """The hub at ``url``; without one the hub that uses the data folder now, or else one of our own on it."""
    trust = Trust(known_hubs(start.data_dir))
    if not url:
        try:
            with sole_user(start.data_dir):
                async with build_hub(start, SystemClock()) as hub:
                    yield hub
                    return
        except KnownError as error:
            if error.code != "data_dir_in_use":
                raise
        note = running_hub(start.data_dir)
        url, token = note.get("url", ""), note.get("key", "")
        trust = Trust(known={socket_url(url): note["fingerprint"]} if note.get("fingerprint") else None)
        if not url:
            raise UserError("import_into_what", path=str(start.data_dir))
    async with RemoteHub(url, SystemClock(), language=current_language(), token=token, trust=trust) as remote:
        yield remote


def describe(report: ImportReport) -> str:
    """Return the report for the terminal."""
    signs = {"\t": _("tab"), ",": _("comma"), ";": _("semicolon"), "|": _("bar"), ".": _("point")}
    lines = [
        _(
            "{file}: {encoding}, delimiter {delimiter}, decimal {decimal}, {rows} rows",
            file=report.file,
            encoding=report.encoding,
            delimiter=signs.get(report.delimiter, report.delimiter),
            decimal=signs[report.decimal],
            rows=report.rows,
        )
    ]
    lines += [
        _(
            "  {code}: chart {chart}, {subgroups} subgroups of {size}",
            code=series.code,
            chart=series.chart,
            subgroups=series.subgroups,
            size=series.subgroup_size,
        )
        for series in report.series
    ]
    lines.append(
        _(
            "{accepted} stored, {duplicates} known already, {missing} cells without a value, {problems} problems",
            accepted=report.accepted,
            duplicates=report.duplicates,
            missing=report.missing,
            problems=len(report.problems),
        )
    )
    lines += [_explain(problem) for problem in report.problems[:SHOWN_PROBLEMS]]
    if len(report.problems) > SHOWN_PROBLEMS:
        lines.append(_("  and {more} more", more=len(report.problems) - SHOWN_PROBLEMS))
    return "\n".join(lines)


def _explain(problem: Problem) -> str:
    if problem.code in PROBLEMS:
        told = _(PROBLEMS[problem.code], text=problem.text)
    else:
        told = sentence(problem.code, problem.params, current_language())
    return _("  line {line}, column {column}: {told}", line=problem.line, column=problem.column, told=told)
