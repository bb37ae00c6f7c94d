"""Proof 3: all bytes sent in one fixed course of events, kept and compared: start, reading, damage, a negative answer,
a lost answer, a pulled cable, a new beginning, the end. `python -m tests.prove.test_proof_3_transcripts` writes anew.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from drivers.api import Output, Request
from simulators.api import Device
from tests.converse import START
from tests.prove.families import FAMILIES, NAMES, chair, device_of, dialogue_of, family_of, judged

KEPT = Path(__file__).parent / "transcripts"
# Seconds since the start, and what the cable does from then on to what the device says.
COURSE: Sequence[tuple[float, str]] = (
    (0.0, "whole"),
    (20.0, "damaged"),
    (22.0, "whole"),
    (30.0, "negative answer"),
    (31.0, "whole"),
    (40.0, "lost"),
    (48.0, "whole"),
    (60.0, "pulled"),
    (70.0, "whole"),
    (90.0, "end"),
)
NEGATIVE = b"\x15"  # NAK, as far as a protocol knows one
STEP_S = 0.05


def transcript(name: str) -> list[str]:
    """Give what is sent: the tenth of a second, the bytes, the request."""
    return list(_Course(name).lines())


class _Course:
    def __init__(self, name: str) -> None:
        self._name = name
        self._family = family_of(name)
        self._device: Device = device_of(name, chair("S1", 5.0))
        self._sent: list[str] = []
        self._now = START
        self._cable = "whole"

    def lines(self) -> Iterable[str]:
        for (since, cable), (until, _) in pairwise(COURSE):
            self._cable = cable
            if cable == "pulled":
                self._device.close(self._now)
                continue
            if since in (0.0, 70.0):
                self._dialogue = dialogue_of(self._name)
                self._now = START + since
                self._hear(self._device.open(self._now))
                self._say(self._dialogue.open(self._now))
            if cable == "negative answer":
                self._say(self._dialogue.receive(NEGATIVE, self._now))
            self._pass(START + until)
        self._say(self._dialogue.close(self._now))
        return self._sent

    def _pass(self, until: float) -> None:
        while self._now < until:
            self._now += STEP_S
            if (at := self._device.wake_at) is not None and at <= self._now:
                self._hear(self._device.tick(self._now))
            if (at := self._dialogue.wake_at) is not None and at <= self._now:
                self._say(self._dialogue.tick(self._now))

    def _hear(self, said: Iterable[bytes]) -> None:
        for data in said:
            if self._cable == "damaged":
                data = bytes([*data[:-1], data[-1] ^ 0x01]) if data else data
            if self._cable != "lost" and data:
                self._say(self._dialogue.receive(data, self._now))

    def _say(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if isinstance(output, Request):
                data = output.encode()
                assert judged(self._family, data) == output
                self._sent.append(f"{self._now - START:.1f} | {data.hex(' ')} | {type(output).__name__}")
                self._hear(self._device.receive(data, self._now))


def test_what_is_sent_is_what_was_kept(name: str) -> None:
    kept = (KEPT / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert transcript(name) == kept, "if this change is meant: python -m tests.prove.test_proof_3_transcripts"


def test_a_family_that_declares_requests_has_sent_some(name: str) -> None:
    assert bool(transcript(name)) == bool(family_of(name).requests)


def test_no_transcript_is_of_a_family_that_is_gone() -> None:
    assert {path.stem for path in KEPT.iterdir()} == set(FAMILIES)


if __name__ == "__main__":
    KEPT.mkdir(exist_ok=True)
    for each in NAMES:
        (KEPT / f"{each}.txt").write_text("".join(f"{line}\n" for line in transcript(each)), encoding="utf-8")
