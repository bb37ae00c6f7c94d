"""HL7 decoding beside python-hl7 and hl7apy: the same messages, in the same run."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import hl7
from hl7apy.parser import parse_message

from bench.hl7_speed import message
from bench.path import START, Case

MESSAGES: Final = 400


def _timed(work: Callable[[Any], object], items: Sequence[object]) -> float:
    began = time.process_time()
    for item in items:
        work(item)
    return (time.process_time() - began) / len(items) * 1000


def measure(rows: int) -> dict[str, float]:
    """Give milliseconds a message of so many OBX."""
    frames = [message(n % 7, n, rows) for n in range(MESSAGES)]
    texts = [frame[1:-2].decode() for frame in frames]
    dialogue = Case("ihe_pcd").dialogue()
    dialogue.open(START)
    return {
        "onlooker, with quality, units and events": _timed(lambda frame: dialogue.receive(frame, START), frames),
        "python-hl7, parse only": _timed(hl7.parse, texts[:100]),
        "hl7apy, parse only": _timed(lambda text: parse_message(text, find_groups=False), texts[:10]),
    }


def main() -> None:
    for rows in (12, 60):
        print(f"HL7, {rows} OBX, values moving")
        took = measure(rows)
        ours = next(iter(took.values()))
        for name, milliseconds in took.items():
            print(f"  {name:44} {milliseconds:9.3f} ms a message   ratio {milliseconds / ours:6.1f}")
