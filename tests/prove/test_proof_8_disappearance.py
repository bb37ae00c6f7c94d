"""Proof 8: when we vanish, in whatever way, no simulated device alarms, stops or changes.

A model that does alarm on silence must belong to a family that is refused by default.
"""

import re
import signal
import time
from collections.abc import Iterable
from enum import Enum
from pathlib import Path

import pytest

from drivers.api import Output, Purpose, Request
from drivers.vocabulary import AlarmCode
from simulators.api import Device
from tests.converse import START
from tests.end_to_end import whole_ward
from tests.end_to_end.parts import stage
from tests.prove.families import chair, device_of, dialogue_of, family_of
from tests.prove.test_proof_1_nothing_is_changed import HOUR_S, condition

STEP_S = 0.05
AWAY_S = 900.0
TOO_LATE = r"acknowledges '\w+', which doesn't stand out"  # an HL7 sender gave up waiting while we were frozen


class Vanishing(Enum):
    """How a gateway can cease to be there."""

    KILLED = "killed, and the port closes behind it"
    FROZEN = "frozen, or the network is gone: the port stays open and nothing comes"
    FULL_DISK = "a full disk: whatever waits for it is never said"
    LEAVING = "ended as it should be"


@pytest.mark.parametrize("moment_s", [0.0, 2.0, 61.3])
@pytest.mark.parametrize("how", Vanishing, ids=lambda how: how.name.lower())
def test_no_device_alarms_when_we_vanish(name: str, how: Vanishing, moment_s: float) -> None:
    """S3 is infusing all the while: from 25 to 40 minutes nothing else happens."""
    left, untouched = (device_of(name, chair("S3", 25.0)) for _ in range(2))
    _Reader(name, left).leave(how, moment_s)
    assert not left.tampered
    family = family_of(name)
    if condition(name, left) != condition(name, untouched):
        assert family.refused, f"{name} alarms or stops when its reader is {how.value}: refuse it by default"


class _Reader:
    """A gateway that ceases to be there."""

    def __init__(self, name: str, device: Device) -> None:
        self._dialogue = dialogue_of(name)
        self._device = device
        self._now = START
        self._is_there = True
        self._disk_is_full = False

    def leave(self, how: Vanishing, moment_s: float) -> None:
        self._hear(self._device.open(self._now))
        self._say(self._dialogue.open(self._now))
        self._pass(START + moment_s)
        match how:
            case Vanishing.KILLED:
                self._is_there = False
                self._device.close(self._now)
            case Vanishing.FROZEN:
                self._is_there = False
            case Vanishing.FULL_DISK:
                self._disk_is_full = True
            case Vanishing.LEAVING:
                self._say(self._dialogue.close(self._now))
                self._is_there = False
                self._device.close(self._now)
        self._pass(self._now + AWAY_S)
        if how in (Vanishing.FROZEN, Vanishing.FULL_DISK):
            self._device.close(min(self._now, START + HOUR_S))

    def _pass(self, until: float) -> None:
        while self._now < until:
            self._now += STEP_S if self._is_there else 0.5
            if (at := self._device.wake_at) is not None and at <= self._now:
                self._hear(self._device.tick(self._now))
            if self._is_there and (at := self._dialogue.wake_at) is not None and at <= self._now:
                self._say(self._dialogue.tick(self._now))

    def _hear(self, said: Iterable[bytes]) -> None:
        for data in said:
            if self._is_there:
                self._say(self._dialogue.receive(data, self._now))

    def _say(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if isinstance(output, Request) and not (self._disk_is_full and output.purpose is Purpose.ACKNOWLEDGE):
                self._hear(self._device.receive(output.encode(), self._now))


def test_a_watchdog_that_bites_would_be_seen() -> None:
    """The Alaris model stops and alarms 15 s after a start by serial command, which no gateway can send."""
    left, untouched = (device_of("alaris", chair("S3", 25.0)) for _ in range(2))
    left.open(START)
    left.receive(bytes.fromhex("21 49 4e 46 5f 53 54 41 52 54 7c 33 38 46 33 0d"), START + 1.0)  # INF_START
    assert left.tampered
    assert condition("alaris", left) != condition("alaris", untouched)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_whole_ward_is_left_in_peace_by_a_gateway_that_freezes_and_dies(tmp_path: Path) -> None:
    """One device of each family, on real ports: what they miss they may note, but none alarms for want of us."""
    with stage(tmp_path) as made, whole_ward.at_work(made, whole_ward.FILE) as (ward, gateway, heard, _):
        assert gateway.process is not None
        gateway.process.send_signal(signal.SIGSTOP)
        time.sleep(12.0)
        gateway.process.send_signal(signal.SIGCONT)
        time.sleep(3.0)
        gateway.kill()
        time.sleep(12.0)
        again = time.monotonic()
        gateway.start()
        whole_ward.wait_for_all(made, heard, whole_ward.published(whole_ward.FILE), since=again)
        assert gateway.stop() == 0
        assert ward.stop() in (0, 1)
        said = [line for line in ward.said().splitlines() if whole_ward.COMPLAINT.match(line)]
        harmless = re.compile(f"{whole_ward.MISSED.pattern}|{TOO_LATE}")
        assert [line for line in said if not harmless.search(line)] == []
        alarms = {message.said["code"] for message in heard.of("events") if message.said["event"] == "alarm"}
        assert alarms.isdisjoint({AlarmCode.REMOTE_LINK, AlarmCode.PUMP_UNATTENDED})
