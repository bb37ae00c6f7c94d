"""Proof 10 is a person's: a record of the real device on a bench. Here only its absence is made to show."""

from pathlib import Path

from tests.prove import bench
from tests.prove.families import FAMILIES, family_of


def test_a_family_claims_bench_evidence_exactly_if_there_is_a_record(name: str) -> None:
    record = bench.record_of(name)
    assert (family_of(name).evidence == "bench") == (record is not None)
    if record is not None:
        assert bench.blanks(record) == []


def test_every_record_is_of_a_family() -> None:
    assert {path.stem for path in bench.FOLDER.glob("*.md")} - {"FORM"} <= set(FAMILIES)


def test_a_record_with_a_line_left_open_would_be_noticed(tmp_path: Path) -> None:
    questions = bench.asked()
    assert len(questions) > 15
    filled = [f"- {question}: yes" for question in questions]
    record = tmp_path / "masimo.md"
    record.write_text("\n".join(filled), encoding="utf-8")
    assert bench.blanks(record) == []
    record.write_text("\n".join([*filled[:-1], f"- {questions[-1]}: "]), encoding="utf-8")
    assert bench.blanks(record) == [questions[-1]]
