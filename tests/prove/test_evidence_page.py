"""The page for reviewers says what the code says."""

from tests.prove.evidence import PAGE, page


def test_the_evidence_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make evidence"
