"""Every text of the program has its Korean translation, and the catalogue is in order."""

import polib
import pytest

from spc_desktop.i18n import placeholders, translate
from tests.catalogues import po_files, source_texts, tidy


@pytest.fixture(scope="module")
def korean() -> dict[str, str]:
    (path,) = po_files()
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(path), encoding="utf-8")}


def test_that_every_text_of_the_source_has_a_korean_translation(korean: dict[str, str]) -> None:
    missing = {text: place for text, place in source_texts().items() if not korean.get(text)}
    assert not missing, "add them to the .po and run: python -m tests.catalogues"


def test_that_translations_have_the_placeholders_of_their_texts(korean: dict[str, str]) -> None:
    wrong = {text: other for text, other in korean.items() if placeholders(text) != placeholders(other)}
    assert not wrong


def test_that_no_translation_is_left_over_from_a_text_that_is_gone(korean: dict[str, str]) -> None:
    assert not set(korean) - set(source_texts())


def test_that_the_catalogues_are_sorted() -> None:
    for path in po_files():
        assert path.read_text(encoding="utf-8") == tidy(path), "run: python -m tests.catalogues"


def test_that_a_korean_text_is_found_at_run_time() -> None:
    assert translate("● Live", "ko") == "● 실시간"
    assert translate("Open alerts: {n}", "ko", n=3) == "열린 경보: 3"
