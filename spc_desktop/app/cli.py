"""The command line: ``spc-desktop [gui options]``, ``hub``, ``viewer``, ``check``, ``import``, ``selftest``.

Reads options and hands over; only what a command needs is imported (``--version`` imports nothing heavy, ``hub`` no Qt).
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from spc_desktop.version import __version__

DEFAULT_URL = "http://127.0.0.1:8000"
_ROLES = ("viewer", "operator", "engineer", "admin", "device")
_TOKEN_HELP = "token for a hub that wants one (spc-desktop token add)"  # noqa: S105 - a help text


def run(arguments: Sequence[str]) -> int:
    """Carry out a command line; return the exit status (``app.failures`` lists them)."""
    _make_printing_safe()
    options = _parser().parse_args(arguments)
    from spc_desktop.domain.errors import KnownError, UserError
    from spc_desktop.i18n import set_language, system_language

    wanted = getattr(options, "language", "system")
    set_language(system_language() if wanted == "system" else wanted)
    try:
        return _COMMANDS[options.command or "gui"](options)
    except (UserError, KnownError) as error:
        from spc_desktop.app.failures import explain

        text, status = explain(error)
        print(f"spc-desktop: {text}", file=sys.stderr)
        return status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output has gone, for example ``| head``
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _make_printing_safe() -> None:
    """A terminal that cannot show Korean gets replacement signs, not a traceback; a windowed program prints nowhere."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for the whole run
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


# -- the options -------------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    hub, window = _hub_options(), _window_options()
    parser = argparse.ArgumentParser(
        prog="spc-desktop",
        parents=[hub, window],
        description="Statistical process control: without a command it opens the window with a hub in it.",
        epilog="'spc-desktop COMMAND --help' tells the options of a command.",
    )
    parser.add_argument("--quit", action="store_true", help="end the program that runs on the data folder, and wait")
    parser.add_argument("--version", action="version", version=f"spc-desktop {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("hub", parents=[hub], help="the hub alone, without a window")
    viewer = commands.add_parser("viewer", parents=[_folder_options(), window], help="a window on remote hubs")
    viewer.add_argument("--token", default="", help=_TOKEN_HELP)
    viewer.add_argument("--pair", action="store_true", help="ask the hub to let this station in, and show its code")
    viewer.add_argument("url", nargs="+", metavar="URL", help="address of a hub, for example http://10.0.0.5:8000")
    check = commands.add_parser("check", help="test a running hub as a client sees it")
    check.add_argument("--url", default=DEFAULT_URL, help="address of the hub (default %(default)s)")
    check.add_argument("--token", default="", help=_TOKEN_HELP)
    check.add_argument("--create-alert", action="store_true", help="also create an alert and see it arrive")
    _add_import(commands)
    _add_accounts(commands)
    _add_stations(commands)
    _add_channels(commands)
    audit = commands.add_parser("audit", parents=[_folder_options()], help="examine the trail of all changes")
    audit.add_argument("action", choices=("verify",), help="look whether a record was altered, removed or put in")
    _add_upkeep(commands)
    commands.add_parser(
        "doctor", parents=[hub], help="look at everything the program needs here, and say what is wrong"
    )
    selftest = commands.add_parser("selftest", help="compare the statistics with the reference values")
    selftest.add_argument("--cases", type=Path, help="folder of case files (default: those of the program)")
    selftest.add_argument("--values", action="store_true", help="print every number beside its reference")
    return parser


def _folder_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument(
        "--data-dir", metavar="FOLDER", help="database, settings and logs (default: the system's place)"
    )
    options.add_argument("--language", choices=("ko", "en", "system"), help="language of window and messages")
    options.add_argument("--json-log", action="store_true", help="log as JSON lines")
    return options


def _hub_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        add_help=False, argument_default=argparse.SUPPRESS, parents=[_folder_options()], conflict_handler="resolve"
    )
    options.add_argument("--host", help="address to listen on (default 127.0.0.1: this computer only)")
    options.add_argument("--port", type=int, help="port of HTTP and WebSocket (default 8000; 0 picks a free one)")
    options.add_argument(
        "--insecure", action="store_true", help="do not encrypt, although --host can be reached by others"
    )
    options.add_argument(
        "--sample-plant",
        nargs="?",
        const=1.0,
        type=float,
        metavar="SPEED",
        help="run the simulated plant, faster by SPEED (for example --sample-plant=10)",
    )
    options.add_argument("--tls-cert", metavar="FILE", help="the site's certificate (PEM); without it one is made")
    options.add_argument("--tls-key", metavar="FILE", help="its key (PEM), where it is not in the same file")
    options.add_argument(
        "--allow-anonymous",
        choices=("off", "loopback"),
        help="loopback: who works at this computer needs no account (default); off: everybody needs one",
    )
    options.add_argument(
        "--database",
        metavar="URL",
        help="keep everything in a PostgreSQL that several hubs share: postgresql://user@host/name",
    )
    options.add_argument(
        "--relay",
        metavar="URL",
        help="with --database: Redis that carries news between hubs at once: redis://host:6379/0",
    )
    options.add_argument("--seed", type=int, help="seed of the sample plant (default 1)")
    return options


def _window_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument("--theme", choices=("system", "light", "dark"), help="colours of the window")
    options.add_argument("--background", action="store_true", help="start in the tray")
    return options


def _add_import(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    options = commands.add_parser("import", parents=[_folder_options()], help="read measurements from a CSV file")
    options.add_argument("file", type=Path, metavar="FILE")
    options.add_argument("--product", required=True, metavar="CODE", help="code of the product; made where it is new")
    options.add_argument(
        "--characteristic", metavar="CODE", help="code of the characteristic (default: the value column)"
    )
    options.add_argument("--chart", help="chart for a new characteristic, for example xbar_r, i_mr, p, np, c, u")
    options.add_argument("--learn", type=int, metavar="N", help="number of subgroups that the limits are learnt from")
    for name in ("value", "subgroup", "size", "time"):
        options.add_argument(
            f"--{name}-column", metavar="NAME", help=f"column of the {name} where it is not recognised"
        )
    options.add_argument("--token", default="", help=_TOKEN_HELP)
    options.add_argument("--url", help="import into the hub that runs there instead of the data folder")


def _add_accounts(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    actions = {
        "user": (("add", "list", "disable", "enable", "password"), "people and devices that may use the hub"),
        "token": (("add", "list", "revoke"), "keys for programs and devices"),
    }
    for command, (names, text) in actions.items():
        parser = commands.add_parser(command, help=text).add_subparsers(dest="action", required=True, metavar="ACTION")
        for action in names:
            one = parser.add_parser(action, parents=[_folder_options()])
            if action != "list":
                one.add_argument("name", metavar="TOKEN-ID" if action == "revoke" else "NAME")
            if action == "add":
                one.add_argument("--role", action="append", choices=_ROLES, help="may be given several times")
                one.add_argument("--product", action="append", type=int, metavar="ID", help="only these products")
        if command == "token":
            made = parser.choices["add"]
            made.add_argument("--label", help="where the token is used")
            made.add_argument("--days", type=int, help="it ends after so many days (default: never)")


def _add_stations(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("station", help="let new stations in")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", parents=[_folder_options()])
    approve = actions.add_parser("approve", parents=[_folder_options()])
    approve.add_argument("code", metavar="CODE", help="the six characters that the station shows")
    invite = actions.add_parser("invite", parents=[_folder_options()], help="make a code that lets one station in")
    for one in (approve, invite):
        one.add_argument("--name", required=True, help="its user; made where there is none")
        one.add_argument("--role", action="append", choices=_ROLES, help="of a new user (default operator)")
        one.add_argument("--product", action="append", type=int, metavar="ID", help="only these products")
    join = actions.add_parser("join", parents=[_folder_options()], help="let this station in by such a code")
    join.add_argument("url", metavar="URL", help="address of the hub")
    join.add_argument("code", metavar="CODE", help="what 'station invite' printed at the hub")


def _add_channels(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("channel", help="e-mail and webhooks that tell of alerts")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", parents=[_folder_options()], help="the channels, and what waits for them")
    test = actions.add_parser("test", parents=[_folder_options()], help="send one message now")
    test.add_argument("name", metavar="NAME", help="email, or the name of a webhook")
    test.add_argument("--to", metavar="ADDRESS", help="who gets the e-mail")
    secret = actions.add_parser(
        "secret", parents=[_folder_options()], help="keep the mail server's password, or show a webhook's signing key"
    )
    secret.add_argument("name", metavar="NAME")
    secret.add_argument("--set", action="store_true", help="take a webhook's signing key that another hub has")
    actions.add_parser("dead", parents=[_folder_options()], help="what was given up")
    retry = actions.add_parser("retry", parents=[_folder_options()], help="send it again")
    retry.add_argument("ids", metavar="ID", nargs="+", help="numbers that 'dead' shows, or: all")


def _add_upkeep(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    autostart = commands.add_parser("autostart", help="start in the tray when this user's session begins")
    autostart.add_argument("wanted", choices=("on", "off", "status"))
    backup = commands.add_parser("backup", help="copies of the database that upgrades left").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    backup.add_parser("list", parents=[_folder_options()], help="name them, the newest first")
    restore = backup.add_parser("restore", parents=[_folder_options()], help="put one back; the present one is kept")
    restore.add_argument("name", metavar="NAME")
    logs = commands.add_parser("logs", parents=[_folder_options()], help="logs and crash reports as one file to send")
    logs.add_argument("file", type=Path, metavar="FILE.zip")


# -- the commands ------------------------------------------------------------------------------------------------------


def _gui(options: argparse.Namespace) -> int:
    from spc_desktop.app.control import ask
    from spc_desktop.app.instance import is_in_use
    from spc_desktop.app.start import read_start

    start = read_start(options)
    if options.quit:
        return _quit(start.data_dir)
    if is_in_use(start.data_dir) and ask(start.data_dir, "ping" if start.hidden else "show"):
        return 0
    from spc_desktop.app.collector import start_loading
    from spc_desktop.app.surroundings import require_display

    require_display()
    start_loading()
    from spc_desktop.app.run_gui import run_gui

    return run_gui(start)


def _quit(data_dir: Path) -> int:
    from spc_desktop.app.control import end_running
    from spc_desktop.app.failures import NOT_STOPPED
    from spc_desktop.i18n import _

    ended = end_running(data_dir)
    if ended is None:
        print(_("no program runs on {path}", path=data_dir))
    elif not ended:
        print(_("the program on {path} did not end in time", path=data_dir), file=sys.stderr)
        return NOT_STOPPED
    return 0


def _hub(options: argparse.Namespace) -> int:
    from spc_desktop.app.collector import start_loading

    start_loading()
    from spc_desktop.app.run_hub import run_hub
    from spc_desktop.app.start import read_start
    from spc_desktop.i18n import set_language

    start = read_start(options)
    set_language(start.language)
    return run_hub(start)


def _viewer(options: argparse.Namespace) -> int:
    from spc_desktop.app.collector import start_loading
    from spc_desktop.app.start import read_start
    from spc_desktop.app.stations import tokens_for
    from spc_desktop.app.surroundings import require_display

    start = read_start(options)
    tokens = tokens_for(start, options.url, options.token, options.pair)
    require_display()
    start_loading()
    from spc_desktop.app.run_viewer import run_viewer

    return run_viewer(start, tokens)


def _station(options: argparse.Namespace) -> int:
    from spc_desktop.app.start import read_start
    from spc_desktop.app.stations import run_stations

    return run_stations(read_start(options), options)


def _channel(options: argparse.Namespace) -> int:
    from spc_desktop.app.channel_command import run_channels
    from spc_desktop.app.start import read_start

    return run_channels(read_start(options), options)


def _check(options: argparse.Namespace) -> int:
    from spc_desktop.app.check import run_check

    return run_check(options.url, options.create_alert, token=options.token)


def _import(options: argparse.Namespace) -> int:
    from spc_desktop.app.run_import import run_import
    from spc_desktop.app.start import read_start

    return run_import(read_start(options), options)


def _accounts(options: argparse.Namespace) -> int:
    from spc_desktop.app.accounts import run_accounts
    from spc_desktop.app.start import read_start

    return run_accounts(read_start(options), options)


def _audit(options: argparse.Namespace) -> int:
    from spc_desktop.app.audit import run_verify
    from spc_desktop.app.start import read_start

    return run_verify(read_start(options))


def _autostart(options: argparse.Namespace) -> int:
    from spc_desktop.app.upkeep import run_autostart

    return run_autostart(options.wanted)


def _backup(options: argparse.Namespace) -> int:
    from spc_desktop.app.start import read_start
    from spc_desktop.app.upkeep import run_backup

    return run_backup(read_start(options).data_dir, options.action, getattr(options, "name", ""))


def _logs(options: argparse.Namespace) -> int:
    from spc_desktop.app.start import read_start
    from spc_desktop.app.upkeep import export_logs

    return export_logs(read_start(options).data_dir, options.file)


def _doctor(options: argparse.Namespace) -> int:
    from spc_desktop.app.doctor import run_doctor

    return run_doctor(options)


def _selftest(options: argparse.Namespace) -> int:
    from spc_desktop.app.selftest import run_selftest

    return run_selftest(options.cases, options.values, sys.stdout)


_COMMANDS = {
    "gui": _gui,
    "hub": _hub,
    "viewer": _viewer,
    "check": _check,
    "import": _import,
    "audit": _audit,
    "user": _accounts,
    "token": _accounts,
    "station": _station,
    "channel": _channel,
    "autostart": _autostart,
    "backup": _backup,
    "logs": _logs,
    "doctor": _doctor,
    "selftest": _selftest,
}
