"""What is too fast, too slow or too stubborn, in words; a family's own defaults are what is usual."""

import re
from dataclasses import dataclass

import pytest

from drivers.common.polling import check_pace, pace
from drivers.common.rounds import Pace


@dataclass(frozen=True, slots=True)
class _Settings:
    poll_s: float = 3.0
    timeout_s: float = 2.5
    retries: int = 1

    def __post_init__(self) -> None:
        check_pace(self)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"poll_s": 0.9}, "poll_s 0.9: set it between 1 and 3600 s (3 is usual)"),
        ({"poll_s": 3601.0}, "poll_s 3601.0: set it between 1 and 3600 s (3 is usual)"),
        ({"poll_s": float("nan")}, "poll_s nan: set it between 1 and 3600 s (3 is usual)"),
        ({"timeout_s": 0.4}, "timeout_s 0.4: set it between 0.5 and 60 s (2.5 is usual)"),
        ({"timeout_s": float("inf")}, "timeout_s inf: set it between 0.5 and 60 s (2.5 is usual)"),
        ({"retries": -1}, "retries -1: set it between 0 and 2 (1 is usual)"),
        ({"retries": 3}, "retries 3: set it between 0 and 2 (1 is usual)"),
    ],
)
def test_a_pace_out_of_bounds_is_refused_with_its_remedy(said: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        _Settings(**said)  # type: ignore[arg-type]  # one of them is an int


@pytest.mark.parametrize("said", [(1.0, 0.5, 0), (3600.0, 60.0, 2)])
def test_the_bounds_themselves_are_allowed(said: tuple[float, float, int]) -> None:
    assert pace(_Settings(*said)) == Pace(*said)
