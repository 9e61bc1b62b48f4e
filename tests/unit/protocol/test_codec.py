"""Strict JSON: everything another reader would take in a different sense is refused, everything else comes through."""

import json
import math
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spc_desktop.domain.errors import UserError
from spc_desktop.protocol import codec
from spc_desktop.protocol.wording import sentence

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
leaf = (
    st.none()
    | st.booleans()
    | st.integers(-codec.MAX_WHOLE, codec.MAX_WHOLE)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
)
values = st.recursive(
    leaf, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(text, inner, max_size=5), max_leaves=20
)


@given(values)
def test_that_every_ordinary_value_comes_back_as_it_was(value):
    assert codec.load(json.dumps(value)) == value
    assert codec.load(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_that_any_text_gives_a_value_or_an_explained_refusal(raw):
    refusal = None
    value = None
    try:
        value = codec.load(raw)
    except UserError as bad:
        refusal = bad
    if refusal is not None:
        for language in ("ko", "en"):
            assert len(sentence(refusal.code, refusal.params, language)) > 5
    assert not isinstance(value, float) or math.isfinite(value)


_PIECES = ["{", "}", "[", "]", ":", ",", '"a"', '"a":', '"a" :', '"b":', "1", "2.5", "1e999", "9007199254740993", "null",
           '"\\ud800"', '"\\":"', '"[["', '"x:y"', '{"a":1,"a":2}', '{"a" :1,"a":2}', "[" * 17, "]" * 17]  # fmt: skip


def read(raw):
    try:
        return repr(codec.load(raw))
    except UserError as bad:
        return bad.code, bad.params


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join) | values.map(json.dumps))
def test_that_the_quick_way_accepts_nothing_that_the_strict_one_refuses(raw):
    quick = read(raw)
    with mock.patch.multiple(codec, _load_plain=lambda _: None, _is_flat=lambda _: False):
        assert quick == read(raw)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("NaN", "bad_json"),
        ("-Infinity", "bad_json"),
        ('{"a":1e400}', "bad_message"),
        ('{"a":-1e400}', "bad_message"),
        ('{"a":1,"a":1}', "bad_message"),
        ('{"x":{"a":1,"b":2,"a":3}}', "bad_message"),
        ("9007199254740992", "bad_message"),
        ("-9007199254740992", "bad_message"),
        ("1" * 100_000, "bad_message"),
        ('"\\ud83d"', "bad_message"),
        ('{"\\ud83d":1}', "bad_message"),
        ('["\\ud83d"]', "bad_message"),
        ("[" * 17 + "]" * 17, "bad_message"),
        ("{" * 100_000, "bad_message"),
        ('{"a":"' + "x" * 4001 + '"}', "bad_message"),
        (json.dumps([1] * 1001), "bad_message"),
        (json.dumps([["x" * 4001]]), "bad_message"),
        ("\ufeff{}", "bad_json"),
        ("{} {}", "bad_json"),
        ("{'a':1}", "bad_json"),
        ("", "bad_json"),
        (b"\xff", "bad_json"),
        ('"\x00"', "bad_json"),
    ],
)
def test_that_ambiguous_or_outsized_json_is_refused(raw, code):
    with pytest.raises(UserError) as bad:
        codec.load(raw)
    assert bad.value.code == code


@pytest.mark.parametrize(
    "raw", ["9007199254740991", "[" * 16 + "]" * 16, '"' + "[" * 100 + '"', '"😀"', '"\\ud83d\\ude00"']
)
def test_that_what_is_just_inside_the_limits_is_taken(raw):
    codec.load(raw)
