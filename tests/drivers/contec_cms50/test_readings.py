"""What numbers and bits become, and that no sentinel looks like a value."""

import pytest

from drivers.api import Alarm, Reading, Report
from drivers.contec_cms50.channels import OLD_PULSE, OLD_SPO2, SIGNAL, V7_PI, V7_PULSE, V7_SPO2, Channel
from drivers.contec_cms50.codec import OldPacket, Realtime
from drivers.contec_cms50.readings import moment, report
from drivers.vocabulary import AlarmCode, Metric, Reason, Validity

Said = tuple[float | int | str | None, str, str | None]
SENSOR_OFF = Alarm(AlarmCode.SENSOR_OFF, "probe error or finger out")


def said(packet: Realtime | OldPacket) -> Report:
    return report(moment(packet), packet.status)


def in_short(packet: Realtime | OldPacket) -> list[Said]:
    return [(r.value, r.validity.value, r.reason.value if r.reason else None) for r in said(packet).readings]


def v7(status: int = 4, wave: int = 53, bar: int = 6, pulse: int = 72, spo2: int = 97, pi: int = 325) -> Realtime:
    return Realtime(status, wave, bar, pulse, spo2, pi)


def test_a_good_packet_in_full() -> None:
    assert said(v7()) == Report(
        [
            Reading(Metric.SPO2, 97, name="SpO2", raw="61"),
            Reading(Metric.PULSE_RATE, 72, name="pulse rate", raw="48"),
            Reading(Metric.PERFUSION_INDEX, 3.25, "%", name="PI", raw="0145"),
            Reading(Metric.SIGNAL_QUALITY, 4, name="signal strength", raw="04"),
        ],
        alarms=(),
    )


ABSENT = (None, "absent", "not available")
IMPLAUSIBLE = (None, "invalid", "implausible")


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (v7(spo2=0x7F), (ABSENT, (72, "valid", None), (3.25, "valid", None))),
        (v7(pulse=0xFF), ((97, "valid", None), ABSENT, (3.25, "valid", None))),
        (v7(pi=0xFFFF), ((97, "valid", None), (72, "valid", None), ABSENT)),
        (v7(bar=0x16, pi=0xFFFF), ((97, "valid", None), (72, "valid", None), ABSENT)),
        (v7(bar=0x16), ((97, "valid", None), (72, "valid", None), (None, "invalid", "disowned"))),
        (v7(spo2=0, pulse=0, pi=0), (IMPLAUSIBLE, IMPLAUSIBLE, IMPLAUSIBLE)),
        (v7(spo2=101, pulse=254, pi=2201), (IMPLAUSIBLE, (254, "valid", None), IMPLAUSIBLE)),
        (v7(spo2=126, pulse=1, pi=0xFFFE), (IMPLAUSIBLE, (1, "valid", None), IMPLAUSIBLE)),
        (v7(spo2=255, pi=2200), (IMPLAUSIBLE, (72, "valid", None), (22.0, "valid", None))),
        (v7(spo2=100, pi=1), ((100, "valid", None), (72, "valid", None), (0.01, "valid", None))),
    ],
)
def test_each_field_has_its_own_test(packet: Realtime, expected: tuple[Said, Said, Said]) -> None:
    assert tuple(in_short(packet)[:3]) == expected


@pytest.mark.parametrize(
    ("status", "wave"), [(0x04, 0x80), (0x14, 0), (0x14, 0x80)], ids=["searching", "too long", "both"]
)
def test_numbers_beside_a_search_are_questionable(status: int, wave: int) -> None:
    assert {say[1:] for say in in_short(v7(status, wave))} == {("questionable", "searching")}
    assert in_short(v7(status, wave, spo2=0x7F))[0] == (None, "absent", "searching")
    assert in_short(v7(status, wave, spo2=0))[0] == IMPLAUSIBLE


@pytest.mark.parametrize(
    "packet",
    [
        v7(status=0x84),
        v7(status=0x80, wave=0xC0, bar=0x10, pulse=0xFF, spo2=0x7F, pi=0xFFFF),
        v7(status=0xF4, wave=0xFF, bar=0xFF),
        OldPacket(0x14, 53, 6, 72, 97),
        OldPacket(0x10, 0, 0, 0, 0),
        OldPacket(4, 53, 0x16, 72, 97),
        OldPacket(0x74, 53, 0x36, 72, 97),
    ],
)
def test_without_a_finger_nothing_has_a_value(packet: Realtime | OldPacket) -> None:
    report = said(packet)
    assert {reading.value for reading in report.readings} == {None}
    assert {reading.validity for reading in report.readings} <= {Validity.INVALID, Validity.ABSENT}
    assert {reading.reason for reading in report.readings} <= {Reason.SENSOR_OFF, Reason.SENSOR_FAULT}
    assert report.alarms
    assert report.alarms[0].code in (AlarmCode.SENSOR_OFF, AlarmCode.SENSOR_FAULT)


@pytest.mark.parametrize("channel", [V7_SPO2, V7_PULSE, V7_PI, OLD_SPO2, OLD_PULSE, SIGNAL], ids=lambda c: c.name)
def test_no_number_out_of_its_range_becomes_a_value(channel: Channel) -> None:
    for status in range(0, 0x100, 0x10):
        for number in (0, 1, 7, 9, 15, 100, 101, 126, 127, 128, 254, 255, 2200, 2201, 0xFFFE, 0xFFFF):
            packets = (
                Realtime(status | number & 0x0F, 0, 0, number & 0xFF, number & 0xFF, number),
                OldPacket(status & 0x7F | number & 0x0F, 0, 0, number & 0xFF, number & 0x7F),
            )
            for packet in packets:
                for reading in said(packet).readings:
                    if reading.metric is channel.metric and reading.value is not None:
                        assert isinstance(reading.value, int | float)
                        assert channel.least <= round(reading.value * channel.per) <= channel.most


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (OldPacket(4, 53, 6, 72, 97), ((97, "valid", None), (72, "valid", None))),
        (OldPacket(4, 53, 6, 200, 100), ((100, "valid", None), (200, "valid", None))),
        (OldPacket(4, 53, 6, 0, 0), (ABSENT, ABSENT)),
        (OldPacket(4, 53, 6, 255, 127), (IMPLAUSIBLE, IMPLAUSIBLE)),
        (OldPacket(4, 53, 0x26, 72, 97), ((97, "questionable", "searching"), (72, "questionable", "searching"))),
        (OldPacket(4, 53, 0x26, 0, 0), ((None, "absent", "searching"), (None, "absent", "searching"))),
    ],
)
def test_the_old_protocol(packet: OldPacket, expected: tuple[Said, Said]) -> None:
    assert tuple(in_short(packet)[:2]) == expected
    assert {reading.metric for reading in said(packet).readings} == {
        Metric.SPO2, Metric.PULSE_RATE, Metric.SIGNAL_QUALITY
    }  # fmt: skip


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (v7(), ()),
        (v7(status=0x44), ()),
        (v7(status=0x24), (Alarm(AlarmCode.LIMIT_LOW, "low SpO2", source="spo2"),)),
        (v7(status=0x84), (SENSOR_OFF,)),
        (OldPacket(0x24, 0, 0, 72, 88), (Alarm(AlarmCode.DESATURATION, "SpO2 dropping", source="spo2"),)),
        (OldPacket(0x14, 0, 0, 0, 0), (SENSOR_OFF,)),
        (OldPacket(0x04, 0, 0x10, 0, 0), (Alarm(AlarmCode.SENSOR_FAULT, "probe error"),)),
    ],
)
def test_alarms(packet: Realtime | OldPacket, expected: tuple[Alarm, ...]) -> None:
    assert said(packet).alarms == expected
