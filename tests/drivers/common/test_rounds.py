"""Rounds of questions, by hand."""

import pytest

from drivers.common.rounds import LONGEST_REST_S, SECOND_CHANCE, Pace, Rounds, State, rest_s


def rounds(retries: int = 1) -> Rounds[str]:
    return Rounds(("who",), ("alarm", "data"), frozenset({"who", "data"}), Pace(5.0, 1.0, retries))


def due(asking: Rounds[str]) -> tuple[float, str | None]:
    wake = asking.wake_at
    assert wake is not None
    return wake, asking.tick(wake)


def started(retries: int = 1) -> Rounds[str]:
    asking = rounds(retries)
    asking.begin(0.0)
    asking.answered(0.0)
    return asking


def test_before_the_beginning_and_after_the_end_nothing_is_due() -> None:
    asking = rounds()
    assert asking.wake_at is None
    assert asking.tick(100.0) is None
    assert asking.begin(0.0) == "who"
    asking.close()
    assert (asking.wake_at, asking.asked, asking.tick(100.0)) == (None, None, None)


def test_a_round_is_counted_from_the_last_ones_beginning() -> None:
    asking = started()
    assert due(asking) == (0.1, "alarm")
    asking.answered(0.5)
    assert due(asking) == (0.6, "data")
    asking.answered(1.0)
    assert due(asking) == (5.1, "alarm")


def test_a_slow_device_still_has_its_pause() -> None:
    asking = started()
    due(asking)
    asking.answered(3.0)
    due(asking)
    asking.answered(9.0)
    assert due(asking) == (9.1, "alarm")


def test_one_question_at_a_time() -> None:
    asking = started()
    due(asking)
    assert asking.tick(0.5) is None
    assert asking.asked == "alarm"


def test_a_vital_question_is_repeated_and_then_the_conversation_begins_anew() -> None:
    asking = rounds()
    asking.begin(0.0)
    assert due(asking) == (1.0, None)
    assert due(asking) == (1.1, "who")
    assert due(asking) == (2.1, None)
    assert asking.state is State.LOST
    assert due(asking) == (4.1, "who")


def test_any_other_question_is_left_out_until_the_next_beginning_or_its_second_chance() -> None:
    asking, asked = started(retries=0), []
    for _ in range(9):
        now, question = due(asking)
        asked += [question] if question else []
        if question == "data":
            asking.answered(now)
    assert asked == ["alarm", *["data"] * 7]
    assert asking.is_given_up("alarm")
    asking.restart(100.0)
    assert due(asking) == (101.0, "who")
    assert not asking.is_given_up("alarm")


def test_one_that_was_only_disturbed_comes_back() -> None:
    asking = started(retries=0)
    asked: list[str] = []
    while asked.count("alarm") < 3:
        now, question = due(asking)
        asked += [question] if question else []
        if question == "data" or (question == "alarm" and len(asked) > 1):
            asking.answered(now)
    assert asked == ["alarm", *["data"] * (SECOND_CHANCE - 1), "alarm", "data", "alarm"]
    assert not asking.is_given_up("alarm")


def test_rests_double_and_an_answer_that_matters_ends_them() -> None:
    assert [rest_s(n, 1.0) for n in (0, 1, 2, 5, 6, 1000)] == [2.0, 2.0, 4.0, 32.0, LONGEST_REST_S, LONGEST_REST_S]
    asking = rounds(retries=0)
    asking.begin(0.0)
    assert [due(asking)[0] for _ in range(7)] == pytest.approx([1.0, 3.0, 4.0, 8.0, 9.0, 14.0, 15.0])
    _, question = due(asking)
    asking.answered(20.0)
    assert question == "who"
    due(asking)
    asking.answered(21.0)
    now, question = due(asking)
    assert question == "data"
    asking.answered(now)
    due(asking)
    asking.restart(30.0)
    assert due(asking) == (31.0, "who")
    due(asking)
    assert asking.wake_at == 34.0  # the first rest again


def test_a_refusal_counts_like_silence_and_answers_to_nothing_count_nothing() -> None:
    asking = started(retries=0)
    asking.answered(0.05)
    asking.failed(0.05)
    assert due(asking) == (0.1, "alarm")
    asking.failed(0.2)
    assert asking.is_given_up("alarm")
    assert due(asking)[1] == "data"
    asking.failed(0.4)
    assert asking.state is State.LOST
