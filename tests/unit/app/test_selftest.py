"""The self-test command: what it prints and its exit status, for shipped cases and for anyone's."""

import io
import json
import re
from pathlib import Path

import pytest

from spc_desktop.app.selftest import run_selftest, shipped_cases

GOLDEN = Path(__file__).parents[2] / "data" / "golden"


def run(folder: Path, values: bool = False) -> tuple[int, list[str]]:
    out = io.StringIO()
    status = run_selftest(folder, values, out)
    return status, out.getvalue().splitlines()


def write(folder: Path, name: str, content: object) -> None:
    (folder / f"{name}.json").write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def case(name: str) -> dict[str, object]:
    return dict(json.loads((GOLDEN / name).read_text(encoding="utf-8")))


def test_that_the_program_ships_all_cases() -> None:
    assert len(list(shipped_cases().rglob("*.json"))) == 221


def test_that_each_case_is_one_line_and_the_last_line_sums_up(tmp_path: Path) -> None:
    write(tmp_path, "a", case("capability_poisson/extra1.json"))
    (tmp_path / "deeper").mkdir()
    write(tmp_path / "deeper", "b", case("gage_type1/rand50.json"))
    write(tmp_path, "INDEX", ["not a case"])
    status, lines = run(tmp_path)
    assert status == 0
    assert re.fullmatch(r"pass  capability_poisson/extra1  \S+  rel 1e-09", lines[0])
    assert lines[1].startswith("pass  gage_type1/rand50  ")
    assert lines[2:] == ["2 cases: 2 pass, 0 fail, 0 unsupported"]


def test_that_a_wrong_reference_fails_with_the_place_and_both_values(tmp_path: Path) -> None:
    wrong = case("capability_poisson/extra1.json")
    wrong["expected"] = {**wrong["expected"], "dpu": 2.2833334}  # type: ignore[dict-item]
    write(tmp_path, "wrong", wrong)
    status, lines = run(tmp_path)
    assert status == 1
    assert lines[0].startswith("fail  capability_poisson/extra1  2.9e-08  ")
    assert "  rel 1e-09  dpu: reference 2.2833334, ours 2.28333333" in lines[0]


def test_that_an_unknown_feature_is_unsupported_and_no_failure(tmp_path: Path) -> None:
    write(tmp_path, "x", {**case("gage_type1/rand50.json"), "feature": "tarot"})
    status, lines = run(tmp_path)
    assert status == 0
    assert lines[0].startswith("unsupported  tarot/rand50")
    assert lines[-1] == "1 cases: 0 pass, 0 fail, 1 unsupported"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"feature": "gage_type1"}',
        '{"feature": "gage_type1", "name": "n", "tolerance": {"rel": 1e-9}, "input": {"values": [NaN]}, "expected": {}}',
        {
            "feature": "gage_type1",
            "name": "n",
            "tolerance": {"rel": 1e-9},
            "input": {"values": 3},
            "expected": {"a": 1},
        },
        {
            "feature": "gage_type1",
            "name": "n",
            "tolerance": {"rel": 1e-9},
            "input": {"values": []},
            "expected": {"a": 1},
        },
        {"feature": "gage_type1", "name": "n", "tolerance": {}, "input": {}, "expected": {}},
        {"feature": "gage_type1", "name": "n", "tolerance": {"rel": 1}, "input": [1], "expected": {}},
    ],
)
def test_that_a_malformed_file_is_a_failure_with_a_reason(tmp_path: Path, content: object) -> None:
    write(tmp_path, "bad", content)
    status, lines = run(tmp_path)
    assert status == 1
    assert lines[0].startswith("fail  ")
    assert len(lines) == 2
    assert len(lines[0].split("  ")) == 5


def test_that_our_value_stands_beside_the_reference(tmp_path: Path) -> None:
    write(tmp_path, "a", case("gage_type1/aiag_bias_example.json"))
    _, lines = run(tmp_path, values=True)
    assert any(re.search(r"cg: ours 1\.5721804643327\d*  reference 1\.5721804643327\d*  error", line) for line in lines)


def test_that_long_lists_are_one_line_with_their_worst_value(tmp_path: Path) -> None:
    write(tmp_path, "a", case("boxcox/rand_gamma80.json"))
    _, lines = run(tmp_path, values=True)
    assert sum("transformed_at_mle" in line for line in lines) == 1


@pytest.mark.parametrize("name", ["", "missing"])
def test_that_nothing_to_run_is_said_and_is_no_success(tmp_path: Path, name: str) -> None:
    status, lines = run(tmp_path / name)
    assert status == 2
    assert len(lines) == 1


def test_that_the_shipped_cases_are_printed_with_their_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a", case("gage_type1/aiag_bias_example.json"))
    monkeypatch.setattr("spc_desktop.app.selftest.shipped_cases", lambda: tmp_path)
    out = io.StringIO()
    assert run_selftest(None, False, out) == 0
    assert "cgk: ours 1.5616992612371" in out.getvalue()
