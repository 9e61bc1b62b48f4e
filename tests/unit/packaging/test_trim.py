"""What the built program leaves out, and that what it keeps of the Unicode data is unchanged."""

import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "packaging"))
import icu
import trim


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries are named so on Linux")
@pytest.mark.parametrize(
    ("name", "stays"),
    [
        ("_cffi_backend.cpython-311-x86_64-linux-gnu.so", True),
        ("libpython3.11.so.1.0", True),
        ("libxcb-cursor.so.0", True),
        ("libstdc++.so.6", False),
        ("libgtk-3.so.0", False),
        ("PySide6/Qt/plugins/platforms/libqxcb.so", True),
        ("PySide6/Qt/plugins/platforms/libqwayland.so", False),
        ("PySide6/Qt/plugins/platforminputcontexts/libibusplatforminputcontextplugin.so", True),
        ("PySide6/Qt/translations/qtbase_ko.qm", True),
        ("PySide6/Qt/translations/qtbase_de.qm", False),
        ("resources/locale/ko/LC_MESSAGES/spc_desktop.po", True),
    ],
)
def test_that_files_without_a_user_are_left_out(name, stays):
    assert trim.wants_file(name) is stays


def made(items):
    """A library with a data package inside: as long a header as ICU's, then what ``icu`` lays out itself."""
    header = struct.pack("<HBB", 144, 0xDA, 0x27) + b"\0" * 8 + b"CmnD" + b"\0" * 128
    return b"\x7fELF" + b"\0" * 60 + header + icu._table(items)


def entries(package):
    table = struct.unpack_from("<H", package)[0]
    (count,) = struct.unpack_from("<I", package, table)
    for index in range(count):
        name, offset = struct.unpack_from("<II", package, table + 4 + 8 * index)
        end = package.index(b"\0", table + name)
        yield package[table + name : end].decode(), table + offset


def test_that_kept_unicode_data_are_the_same_bytes_and_other_languages_are_gone():
    names = ["brkitr/char.brk", "brkitr/thaidict.dict", "coll/ko.res", "de.res", "ko.res", "nfkc.nrm", "zone/zu.res"]
    items = [(f"icudt73l/{name}".encode(), f"<{name}>".encode()) for name in names]
    package = icu.package(made(items))
    kept = dict(entries(package))
    assert sorted(kept) == [f"icudt73l/{name}" for name in ("brkitr/char.brk", "coll/ko.res", "ko.res", "nfkc.nrm")]
    for name, offset in kept.items():
        datum = f"<{name.partition('/')[2]}>".encode()
        assert package[offset : offset + len(datum)] == datum
        assert offset % 16 == 0


def test_that_a_library_without_unicode_data_is_refused():
    with pytest.raises(ValueError, match="no ICU data"):
        icu.package(b"\x7fELF" + b"\0" * 500)
