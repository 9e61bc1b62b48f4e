"""The program without a window: hub, server and sources until it is told to stop. Imports no Qt."""

import asyncio
import logging
from contextlib import ExitStack

from spc_desktop.app.build import Station, running_station
from spc_desktop.app.clock import SystemClock, process_age
from spc_desktop.app.collector import settle
from spc_desktop.app.control import open_door
from spc_desktop.app.crash import CrashReporter, reporting_to
from spc_desktop.app.failures import NOT_STOPPED
from spc_desktop.app.instance import sole_user
from spc_desktop.app.logs import logging_to
from spc_desktop.app.shutdown import DEADLINE, must_end_within, stop_on_signals
from spc_desktop.app.start import Start
from spc_desktop.hub.member import Member
from spc_desktop.i18n import _
from spc_desktop.storage.shared import shown
from spc_desktop.version import __version__

log = logging.getLogger(__name__)


def run_hub(start: Start) -> int:
    """Run until SIGINT, SIGTERM or the failure of an essential task; return the exit status.

    Raises:
        KnownError: the data folder, the database or the port cannot be used.
    """
    clock = SystemClock()
    with ExitStack() as stack:
        stack.enter_context(sole_user(start.data_dir))
        stack.enter_context(logging_to(start.log_dir, start.json_log))
        reporter = stack.enter_context(reporting_to(start.log_dir, clock.now))
        runner = stack.enter_context(asyncio.Runner())
        return runner.run(_serve(start, clock, reporter, stack))


async def _serve(start: Start, clock: SystemClock, reporter: CrashReporter, ending: ExitStack) -> int:
    """``ending`` outlives the loop, so that the deadline holds for the loop's own end as well."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(reporter.loop_handler)
    stop = asyncio.Event()
    with stop_on_signals(loop, stop):
        async with open_door(start.data_dir, {"quit": stop.set}), running_station(start, clock) as station:
            station.hub.tasks.spawn("failure watch", stop_on_failure(station, reporter, stop))
            log.info("hub %s is running at %s on %s", __version__, station.url, start.data_dir)
            log.info("listening %.2f s after the start of the process", process_age())
            print(_greeting(start, station), flush=True)
            settle()
            await stop.wait()
            ending.enter_context(must_end_within(DEADLINE, NOT_STOPPED))
            failed = station.hub.tasks.failure is not None
    log.info("hub stopped")
    print(_("stopped; everything is stored"), flush=True)
    return 1 if failed else 0


async def stop_on_failure(station: Station, reporter: CrashReporter, stop: asyncio.Event) -> None:
    """When an essential task dies, report it and stop: a hub that stores nothing must not look alive."""
    reporter.report(await station.hub.failed(), "an essential task of the hub")
    stop.set()


def _greeting(start: Start, station: Station) -> str:
    sockets = station.url.replace("http", "ws", 1)
    lines = [
        _("SPC Desktop {version}: the hub is running. Ctrl+C ends it.", version=__version__),
        f"  REST       {station.url}/api/spc/alerts/",
        f"  WebSocket  {sockets}/ws/spc/notifications/",
        f"             {sockets}/ws/spc/product/1/",
        _("  Data       {path}", path=start.data_dir),
    ]
    if isinstance(station.hub, Member):
        role = _("this hub leads") if station.hub.leads else _("another hub leads, this one is ready to take over")
        lines.append(_("  Database   {url}; {role}", url=shown(start.settings.hub.database), role=role))
    if start.settings.sample_plant.enabled:
        lines.append(_("  Source     sample plant, speed {speed}", speed=f"{start.settings.sample_plant.speed:g}"))
    if station.fingerprint:
        lines.append(_("  Certificate, SHA-256  {mark}", mark=station.fingerprint))
    if station.set_up_code:
        lines.append(_("  No administrator yet. Set-up code, valid once: {code}", code=station.set_up_code))
        lines.append(_("  Use it in POST /api/spc/set-up, or run: spc-desktop user add NAME --role admin"))
    return "\n".join(lines)
