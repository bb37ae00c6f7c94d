"""Times as the standard writes them, and as devices do."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.common.hl7 import timestamps


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("20260115101500+0000", datetime(2026, 1, 15, 10, 15, tzinfo=UTC)),
        ("20260115101500-0000", datetime(2026, 1, 15, 10, 15, tzinfo=UTC)),
        ("20260115101500-0530", datetime(2026, 1, 15, 10, 15, tzinfo=timezone(-timedelta(hours=5, minutes=30)))),
        ("20260115101500.25+0100", datetime(2026, 1, 15, 10, 15, 0, 250_000, timezone(timedelta(hours=1)))),
        ("20260912120000.0000+0530", datetime(2026, 9, 12, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
        ("20260115101500123+0800", datetime(2026, 1, 15, 10, 15, 0, 123_000, timezone(timedelta(hours=8)))),
        ("20260115101500123", datetime(2026, 1, 15, 10, 15, 0, 123_000)),  # noqa: DTZ001  as it was said
        ("20260115101500", datetime(2026, 1, 15, 10, 15)),  # noqa: DTZ001
        ("202601151015", datetime(2026, 1, 15, 10, 15)),  # noqa: DTZ001
        ("20130101000000", datetime(2013, 1, 1)),  # noqa: DTZ001  a clock that was never set is still its clock
    ],
)
def test_a_time_as_it_was_said(said: str, meant: datetime) -> None:
    found = timestamps.parse(said)
    assert found == meant
    assert found is not None
    assert (found.tzinfo is None) == (meant.tzinfo is None)


@pytest.mark.parametrize(
    "said",
    [
        "", "00000000000000", "2026", "20260115", "2026011510", "20261315101500", "20260230101500", "20260115101561",
        "20260115101500+99", "20260115101500+9900", "20260115101500+0", "2026-01-15T10:15:00", "time", '""',
        "20260115101500 ", "2026011510150012", "٢٠٢٦٠١١٥١٠١٥٠٠", "20260115101500." + "1" * 40,
    ],
)  # fmt: skip
def test_what_is_no_time_is_none(said: str) -> None:
    assert timestamps.parse(said) is None


@given(
    st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
@settings(max_examples=60)
def test_a_time_that_we_write_is_the_time_that_we_read(moment: datetime, minutes: int) -> None:
    zoned = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    assert timestamps.parse(timestamps.of(zoned)) == zoned


@given(st.text(max_size=30))
@settings(max_examples=60)
def test_any_text_is_a_time_or_none(text: str) -> None:
    assert timestamps.parse(text) is None or text[:4].isdigit()


def test_a_second_of_utc() -> None:
    assert timestamps.of_second(1_767_225_600) == "20260101000000+0000"
