"""Expected failures at the start of a program: what is said on the terminal, and the exit status for scripts.

0 all was well, 1 a bug (``check``, ``selftest``, ``audit``: what was examined is not in order), 2 wrong options or
settings, 3 the data folder cannot be used, 4 the address cannot be listened on, 5 the hub that was asked is not there or
refused, 6 the program had to be ended because it did not stop in time, 7 no window can open here.
"""

import errno

from spc_desktop.app.ports import free_port, who_listens
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol.wording import sentence

USAGE, DATA, ADDRESS, REMOTE, NOT_STOPPED, NO_WINDOW = 2, 3, 4, 5, 6, 7

SENTENCES: dict[str, tuple[str, int]] = {
    "settings_invalid": ("{file}: {key}: {problem}", USAGE),
    "settings_newer": (
        "{file} was written by a newer version of the program (file {version}, this program knows {supported})",
        USAGE,
    ),
    "settings_unreadable": ("{file} cannot be read: {reason}", USAGE),
    "option_invalid": ("{problem}", USAGE),
    "certificate_unusable": ("{file} cannot be used as a certificate with its key: {reason}", USAGE),
    "known_hubs_unreadable": (
        "{file} says which hubs are known and cannot be read: {reason}; mend it, or delete it to meet all hubs anew",
        USAGE,
    ),
    "station_tokens_unreadable": (
        "{file} holds the tokens of this station and cannot be read: {reason}; mend it, or delete it and pair again",
        USAGE,
    ),
    "data_dir_in_use": (
        "{path} is in use by another SPC Desktop (process {pid}, {url}); close it or give another --data-dir",
        DATA,
    ),
    "data_dir_unwritable": ("{path} cannot be written: {reason}; give another --data-dir", DATA),
    "database_newer": (
        "{path} was written by a newer version of the program ({found}, this one knows {supported}) and was not touched;"
        " install that version",
        DATA,
    ),
    "database_foreign": (
        "{path} is the database of another program and was not touched; give another --data-dir",
        DATA,
    ),
    "database_unavailable": ("the database in {path} cannot be opened: {detail}", DATA),
    "disk_full": ("the disk of {path} is full; make room, then start again", DATA),
    "database_refused": (
        "{path} does not accept the sign-in: {detail}; look at user name and password (PGPASSWORD or ~/.pgpass keep"
        " them off the command line)",
        DATA,
    ),
    "database_url_invalid": (
        "{url} is no address of a shared database; write it like postgresql://user@host:5432/name",
        USAGE,
    ),
    "relay_url_invalid": ("{url} is no address of a relay; write it like redis://host:6379/0 ({reason})", USAGE),
    "relay_needs_database": ("--relay connects hubs that share a database; give --database as well", USAGE),
    "relay_refused": ("the relay {url} does not accept the sign-in: {detail}; look at user name and password", DATA),
    "driver_missing": (
        "{what} needs the package {package}, which is not installed: pip install 'spc-desktop[{extra}]'",
        USAGE,
    ),
    "port_in_use": (
        "port {port} on {host} is in use by {program}; end that program, or use another port: --port {free}",
        ADDRESS,
    ),
    "address_unusable": ("{host} port {port} cannot be listened on: {reason}", ADDRESS),
    "file_unreadable": ("{file} cannot be read: {reason}", USAGE),
    "file_too_large": ("{file} is larger than {limit} bytes; split it", USAGE),
    "file_empty": ("{file} has no rows", USAGE),
    "file_encoding": ("{file}, line {line}: this is not {encoding}; save the file as UTF-8", USAGE),
    "file_not_csv": ("{file}, line {line}: {reason}", USAGE),
    "column_unknown": ("there is no column {column}; the file has: {allowed}", USAGE),
    "no_value_column": ("no column of numbers was recognised among: {columns}; name it with --value-column", USAGE),
    "date_order": ("{example} may be day/month or month/day; write the dates as year-month-day", USAGE),
    "chart_differs": ("{characteristic} is watched with chart {chart}, not {asked}; leave out --chart", USAGE),
    "learn_differs": ("{characteristic} learns from {learn} subgroups, not {asked}; leave out --learn", USAGE),
    "subgroup_size_differs": ("{characteristic} has {size} values per subgroup, the file has {found}", USAGE),
    "sizes_vary": ("chart {chart} needs the same size in every row; choose u or p", USAGE),
    "unknown_chart": ("there is no chart {chart}; known are: {allowed}", USAGE),
    "invite_needs_hub": ("no hub is running on {path}; start it, then invite the station", USAGE),
    "import_into_what": ("a window or hub is using {path} but its address is not known; give --url", USAGE),
    "backup_unknown": ("there is no backup {name} in {path}; 'spc-desktop backup list' tells them", USAGE),
    "passwords_differ": ("the two passwords are not the same", USAGE),
    "no_display": (
        "no window can open here: no display answers (DISPLAY={display}); 'spc-desktop hub' needs none",
        NO_WINDOW,
    ),
    "library_missing": (
        "no window can open here: the system library {library} is missing; on Debian: apt install {package}",
        NO_WINDOW,
    ),
    "hub_unreachable": ("no hub answers at {url}: {reason}", REMOTE),
}


def explain(error: UserError | KnownError) -> tuple[str, int]:
    """Return the sentence for a person and the exit status."""
    text, status = SENTENCES.get(error.code, ("", DATA if isinstance(error, KnownError) else USAGE))
    if text:
        return _(text, **error.params), status
    return sentence(error.code, error.params, current_language()), status


def listen_failure(error: OSError, host: str, port: int) -> KnownError:
    """Turn the failure to listen into a ``KnownError`` that names the port, who has it and a free one."""
    if error.errno in {errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)}:
        program = who_listens(port) or _("another program")
        return KnownError("port_in_use", host=host, port=port, program=program, free=free_port(host, port))
    return KnownError("address_unusable", host=host, port=port, reason=error.strerror or str(error))
