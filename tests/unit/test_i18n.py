"""Reading catalogues: what a translator may write, and what is refused."""

from spc_desktop.i18n import read_po, translate


def test_that_a_catalogue_is_read_with_continued_lines_and_escapes():
    text = """
msgid ""
msgstr ""
"Language: ko\\n"

# a remark
msgid "one "
"two"
msgstr "하나 "
"둘"

msgid "say \\"hi\\"\\n"
msgstr "\\"안녕\\"\\n"

msgid "not yet"
msgstr ""
"""
    assert read_po(text) == {"one two": "하나 둘", 'say "hi"\n': '"안녕"\n'}


def test_that_a_text_without_translation_stays_english():
    assert translate("no such text {n}", "ko", n=3) == "no such text 3"
