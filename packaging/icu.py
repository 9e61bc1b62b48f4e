"""Makes the built program's Unicode data smaller: of 31 MB Qt needs normalisation, boundaries, and the names of two languages.

Called by ``trim.py`` on Linux (Windows has its own). The format of a data package is the one that ICU documents in
``udata.h`` and ``package.h``: a header, a count, pairs of offsets (name, data), names, data. Needs ``as`` and ``ld``.
"""

import re
import shutil
import struct
import subprocess
from pathlib import Path

LANGUAGES = r"(root|ko|ko_KR|en|en_US|en_001|pool|res_index)"
KEPT = re.compile(
    rf"""(
      [^/]+\.(icu|nrm|cfu)                       # properties, normalisation, converter names
    | {LANGUAGES}\.res                           # names and formats of the languages
    | [a-z]+[A-Z0-9][A-Za-z0-9]*\.res            # tables of no language: likelySubtags, zoneinfo64, ...
    | (plurals|icustd|icuver)\.res
    | (lang|region|curr|unit|zone)/{LANGUAGES}\.res
    | coll/(({LANGUAGES}\.res)|ucadata\.icu)
    | brkitr/(({LANGUAGES}\.res)|(char|line|sent|title|word)\.brk)
    )""",
    re.VERBOSE,
)
"""What stays. Left out: the other languages, converters of old character sets, dictionaries of Thai and Khmer, spelled-out
numbers, transliterations."""


def shrink(library: Path) -> None:
    """Replace ``libicudata.so.NN`` by one with only what ``KEPT`` names; leaves it alone where as or ld are missing.

    Raises:
        ValueError: this is no ICU data library.
    """
    if shutil.which("as") is None or shutil.which("ld") is None:
        return
    number = library.name.rsplit(".", 1)[-1]
    data, work = package(library.read_bytes()), library.with_name("icudata.work")
    work.mkdir()
    try:
        (work / "data").write_bytes(data)
        symbol = f"icudt{number}_dat"
        source = f'.section .rodata\n.globl {symbol}\n.type {symbol}, @object\n.balign 16\n{symbol}:\n.incbin "data"\n'
        source += f".size {symbol}, .-{symbol}\n.section .note.GNU-stack\n"
        (work / "data.s").write_text(source, encoding="ascii")
        subprocess.run(["as", "-o", "data.o", "data.s"], cwd=work, check=True)
        subprocess.run(["ld", "-shared", "-soname", library.name, "-o", "new.so", "data.o"], cwd=work, check=True)
        (work / "new.so").replace(library)
    finally:
        shutil.rmtree(work)


def package(library: bytes) -> bytes:
    """Return the data package inside a library with only what stays."""
    start = library.find(b"\xda\x27") - 2
    while start >= 0 and library[start + 12 : start + 16] != b"CmnD":
        start = library.find(b"\xda\x27", start + 3) - 2
    if start < 0:
        raise ValueError("no ICU data package inside")
    (header,) = struct.unpack_from("<H", library, start)
    table = start + header
    (count,) = struct.unpack_from("<I", library, table)
    entries = [struct.unpack_from("<II", library, table + 4 + 8 * index) for index in range(count)]
    names = [library[table + name : library.index(b"\0", table + name)] for name, _ in entries]
    ends = [offset for _, offset in entries[1:]]
    ends.append(entries[-1][1])  # where the last one ends is not told; it is the zones of a language that goes
    kept = [
        (name, library[table + offset : table + end])
        for name, (_, offset), end in zip(names, entries, ends, strict=True)
        if KEPT.fullmatch(name.decode("ascii").partition("/")[2])
    ]
    return library[start:table] + _table(kept)


def _table(items: list[tuple[bytes, bytes]]) -> bytes:
    """Lay out count, offsets, names and data, each datum at a multiple of 16."""
    names_at = 4 + 8 * len(items)
    names = b"".join(name + b"\0" for name, _ in items)
    position = -(-(names_at + len(names)) // 16) * 16
    offsets, body, name_at = b"", b"", names_at
    for name, datum in items:
        offsets += struct.pack("<II", name_at, position + len(body))
        name_at += len(name) + 1
        body += datum + b"\0" * (-len(datum) % 16)
    head = struct.pack("<I", len(items)) + offsets + names
    return head + b"\0" * (position - len(head)) + body
