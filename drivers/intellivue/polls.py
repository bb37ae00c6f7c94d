"""What is asked, and when again."""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias

from drivers.intellivue.export import ALERT_MONITOR, NUMERIC, WAVE, PollReply
from drivers.intellivue.requests import (
    ACTIVE_S,
    INVOKE_IDS,
    FollowNumerics,
    FollowWaves,
    KeepAlive,
    ReadNumerics,
)
from drivers.intellivue.session import Options, UserInformation
from drivers.intellivue.values import TICKS_PER_S

Poll: TypeAlias = type[KeepAlive] | type[ReadNumerics] | type[FollowNumerics] | type[FollowWaves]

POLLS: Final[dict[int, Poll]] = {
    INVOKE_IDS[poll]: poll for poll in (KeepAlive, ReadNumerics, FollowNumerics, FollowWaves)
}
SUBJECTS: Final[dict[int, Poll]] = {ALERT_MONITOR: KeepAlive, NUMERIC: FollowNumerics, WAVE: FollowWaves}
RENEW_S: Final = ACTIVE_S - 60.0  # a minute before the monitor stops by itself
DENIED_S: Final = 60.0  # until a refused poll is tried again


class Ask(NamedTuple):
    """A poll; how long after it (a stream: after its last answer) it is said again; what must (not) be granted."""

    poll: Poll
    again_s: float
    is_stream: bool = False
    option: int = 0
    unless: int = 0


# A monitor leaves a second single poll of one class within a second unanswered.
ASKS: Final = (
    Ask(KeepAlive, 2.0),
    Ask(FollowNumerics, 5.0, is_stream=True, option=Options.NUMERICS_1_S),
    Ask(ReadNumerics, 1.1, unless=Options.NUMERICS_1_S),
    Ask(FollowWaves, 60.0, is_stream=True, option=Options.WAVES),  # a monitor may have none to offer
)


@dataclass(slots=True)
class Asked:
    """One poll in one association: when it is due again, and the last answer's place in time and sequence."""

    ask: Ask
    again_s: float
    due_at: float
    renew_at: float = 0.0
    time: int | None = None
    sequence: int | None = None

    def said(self, now: float) -> None:
        """The poll has been said: its answers begin anew."""
        self.due_at, self.renew_at = now + self.again_s, now + RENEW_S
        self.time = self.sequence = None

    def heard(self, now: float) -> None:
        """An answer has come: a stream goes on by itself for a while."""
        if self.ask.is_stream:
            self.due_at = min(self.renew_at, now + self.again_s)

    def is_repeated(self, head: PollReply) -> bool:
        """Say whether this answer has been heard already."""
        return self.time == head.time and self.sequence == head.sequence

    def missing(self, head: PollReply) -> int:
        """Give how many answers were lost before this one; they are counted in extended polls only."""
        if self.sequence is None or head.sequence is None:
            return 0
        missing = (head.sequence - self.sequence - 1) % 0x10000
        return missing if missing < 0x8000 else 0


def overheard() -> Asked:
    """Give the place of answers in a file: whoever asked, nobody will ask again."""
    return Asked(ASKS[0], 0.0, float("inf"))


def asks(granted: UserInformation, waveforms: bool, alarms_s: float, now: float) -> dict[Poll, Asked]:
    """Give what is to be asked in an association, all due at once."""
    shortest = granted.min_poll_ticks / TICKS_PER_S
    wanted = [
        ask
        for ask in ASKS
        if granted.options & ask.option == ask.option
        and not granted.options & ask.unless
        and (waveforms or ask.poll is not FollowWaves)
    ]
    return {
        ask.poll: Asked(ask, max(alarms_s if ask.poll is KeepAlive else ask.again_s, min(shortest, 5.0)), now)
        for ask in wanted
    }


def one_by_one(granted: UserInformation, now: float) -> Asked:
    """Give how numerics are asked for where the monitor sends no stream of them."""
    return asks(replace(granted, options=0), waveforms=False, alarms_s=1.0, now=now)[ReadNumerics]
