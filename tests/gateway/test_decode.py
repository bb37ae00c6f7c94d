import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.api import Announcement, Damage, Departed, Family, Identity, Output, Port, Report, Waveform
from drivers.capture import Header, Piece, header_line, piece_line
from drivers.vocabulary import EventKind, Metric, Phase, Reason, Validity
from gateway.decode import decode
from tests.gateway.parts import START, Ask, family, reading, report, strict_json

FIELDS = {
    "device", "metric", "value", "unit", "validity", "reason", "simulated", "name", "raw", "source", "device_time",
    "measured_at", "mdc",
}  # fmt: skip


class Lines:
    """A dialogue whose frames are words with a line feed: `spo2 97`, `state infusing`, `time 12:00:00`, `tick`, …"""

    def __init__(self, _settings: object, port: Port) -> None:
        self._port = port
        self._buffer = b""
        self.wake_at: float | None = None

    def open(self, now: float) -> Sequence[Output]:
        self.wake_at = now + 5.0 if now else None
        return [Ask(1)]

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [output for line in lines for output in self._line(line.decode())]

    def tick(self, now: float) -> Sequence[Output]:
        left, self._buffer = self._buffer, b""
        was_due, self.wake_at = self.wake_at is not None and now < START + 1000, None
        woken = report(reading(Metric.UNMAPPED, round(now - START), name="woken"))
        return [Damage("cut off", len(left))] if left else [woken] if was_due else []

    def close(self, now: float) -> Sequence[Output]:
        return []

    def _line(self, line: str) -> list[Output]:
        match line.split():
            case ["spo2", value]:
                return [report(reading(Metric.SPO2, int(value), name="SPO2", raw=value, source="a"), device="1")]
            case ["state", state]:
                return [report(reading(Metric.INFUSION_STATE, state))]
            case ["late", state]:
                return [report(reading(Metric.INFUSION_STATE, state), late=True)]
            case ["serial", serial]:
                return [Identity(serial=serial)]
            case ["nibp", value, minutes]:
                at = datetime(2026, 1, 1, 1) + timedelta(minutes=int(minutes))  # noqa: DTZ001
                one = reading(Metric.NIBP_SYSTOLIC, int(value), device_time=at - timedelta(minutes=3))
                return [Report([one], device_time=at)]
            case ["never", year]:
                return [report(reading(Metric.NIBP_SYSTOLIC, int(year), device_time=datetime(int(year), 1, 1)))]  # noqa: DTZ001
            case ["demo"]:
                return [report(simulated=True)]
            case ["off"]:
                return [report(reading(value=5, validity=Validity.ABSENT, reason=Reason.SENSOR_OFF))]
            case ["alarm"]:
                return [Announcement(EventKind.ALARM, Phase.BEGIN, text="High", device="1")]
            case ["port"]:
                return [report(reading(Metric.UNMAPPED, self._port.kind, name="port"))]
            case ["wave"]:
                return [Waveform(Metric.PLETH, (1.0, 2.0), 0.02, "pleth")]
            case ["who"]:
                return [Identity(serial="4711"), Departed("2", "gone")]
            case _:
                return [Damage("unknown word", len(line))]


KIND = replace(family(Lines), settings=family().settings)


class Said:
    """What a decoding wrote and warned of."""

    def __init__(self, data: bytes, kind: Family = KIND) -> None:
        self.lines: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self.code = decode(kind, data, {}, self._write, self.warnings.append, ZoneInfo("UTC"))

    def _write(self, line: str) -> None:
        self.lines.append(strict_json(line.encode()))

    @property
    def observations(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "metric" in line]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [line for line in self.lines if "event" in line]


def recording(*pieces: Piece, port: str = "") -> bytes:
    header = Header("made_up", "chair1", datetime.fromtimestamp(START, UTC).isoformat(), port)
    return "".join(f"{line}\n" for line in (header_line(header), *map(piece_line, pieces))).encode()


def heard(at: float, data: bytes, connection: int = 0) -> Piece:
    return Piece(at, "rx", connection, data)


def test_raw_bytes_become_one_line_for_each_observation() -> None:
    said = Said(b"spo2 97\nspo2 96\n")
    assert said.code == 0
    assert [line["value"] for line in said.lines] == [97, 96]
    assert all({*line} >= FIELDS for line in said.lines)
    first = said.lines[0]
    assert (first["device"], first["metric"], first["unit"], first["validity"]) == ("1", "spo2", "%", "valid")
    assert (first["name"], first["raw"], first["source"], first["simulated"]) == ("SPO2", "97", "a", False)
    assert first["mdc"] == {"code": 150456, "refid": "MDC_PULS_OXIM_SAT_O2"}
    assert (first["device_time"], first["measured_at"]) == (None, None)


def test_raw_bytes_are_what_the_family_makes_of_a_file() -> None:
    kind = replace(KIND, from_file=lambda data: data.replace(b";", b"\n"))
    assert [line["value"] for line in Said(b"spo2 97;spo2 96;", kind).lines] == [97, 96]


def test_only_bytes_without_times_are_a_file() -> None:
    assert [line["value"] for line in Said(b"port\n").lines] == ["file"]
    for port, kind in (("serial:///dev/ttyUSB0", "stream"), ("udp://192.0.2.7:24105", "datagrams")):
        said = Said(recording(heard(0.0, b"port\n"), port=port))
        assert [line["value"] for line in said.observations if line["name"] == "port"] == [kind]


def test_a_recordings_own_bytes_are_heard_whatever_the_pieces() -> None:
    said = Said(recording(heard(0.0, b"spo2 9"), Piece(0.5, "tx", 0, b"spo2 1\n"), heard(1.0, b"7\nspo2 96\n")))
    assert [line["value"] for line in said.observations if line["name"] == "SPO2"] == [97, 96]


def test_each_connection_is_a_conversation_of_its_own() -> None:
    said = Said(
        recording(heard(0.0, b"spo2 9", 0), heard(0.1, b"spo2 8", 1), heard(0.2, b"7\n", 0), heard(0.3, b"5\n", 1))
    )
    assert sorted(line["value"] for line in said.observations if line["name"] == "SPO2") == [85, 97]


def test_events_stand_between_the_observations_as_live() -> None:
    said = Said(b"state infusing\nstate stopped\nalarm\n")
    assert [(event["event"], event["origin"]) for event in said.events] == [
        ("infusion_stopped", "gateway"), ("alarm", "device"),
    ]  # fmt: skip
    assert (said.events[0]["from"], said.events[0]["to"]) == ("infusing", "stopped")
    assert said.events[1]["device"] == "1"


def test_an_event_says_when_it_was_last_known_otherwise() -> None:
    said = Said(recording(heard(0.0, b"state infusing\n"), heard(4.0, b"state stopped\n")))
    (event,) = said.events
    assert event["not_before"] == "2026-01-01T00:00:00.000000Z", "at the report before, not at this one"


def test_old_news_is_written_and_moves_no_state() -> None:
    said = Said(b"state infusing\nlate stopped\nstate infusing\n")
    assert [line["value"] for line in said.observations] == ["infusing", "stopped", "infusing"]
    assert said.events == []


def test_another_device_is_told_and_begins_anew() -> None:
    said = Said(b"serial 4711\nstate infusing\nserial 4712\nstate stopped\n")
    assert [(e["event"], e["from"], e["to"]) for e in said.events] == [("identity_changed", "4711", "4712")]


def test_a_value_with_a_time_of_its_own_is_placed_by_the_recordings_clock() -> None:
    said = Said(recording(heard(0.0, b"nibp 120 0\n"), heard(300.0, b"nibp 121 5\n")))
    told = [
        (line["device_time"], line["measured_at"]) for line in said.observations if line["metric"] == "nibp_systolic"
    ]
    assert told == [
        ("2026-01-01T00:57:00", "2025-12-31T23:57:00.000000Z"), ("2026-01-01T01:02:00", "2026-01-01T00:02:00.000000Z"),
    ]  # fmt: skip


def test_without_times_nothing_is_placed_by_guess() -> None:
    (line,) = Said(b"nibp 120 0\n").observations
    assert (line["device_time"], line["measured_at"]) == ("2026-01-01T00:57:00", None)


def test_an_impossible_date_is_no_crash() -> None:
    said = Said(recording(heard(0.0, b"never 1\n"), heard(1.0, b"nibp 120 0\n"), heard(2.0, b"never 1\nnever 9999\n")))
    assert [line["value"] for line in said.observations if line["metric"] == "nibp_systolic"] == [1, 120, 1, 9999]


def test_what_the_device_disowns_has_no_value() -> None:
    (line,) = Said(b"off\n").observations
    assert (line["value"], line["validity"], line["reason"]) == (None, "absent", "sensor off")


def test_simulated_data_say_so() -> None:
    assert [line["simulated"] for line in Said(b"demo\nspo2 97\n").observations] == [True, False]


def test_identity_and_departure_are_told() -> None:
    lines = Said(b"who\n").lines
    assert any(line.get("serial") == "4711" for line in lines)
    assert any(line.get("departed") == "gone" for line in lines)


class Impatient(Lines):
    """Waits three seconds for company, and five for a sign of life."""

    def receive(self, data: bytes, now: float) -> Sequence[Output]:
        self._dues: dict[float, Output] = {now + 5.0: Departed("", "no heartbeat"), now + 3.0: report(alarms=())}
        self.wake_at = now + 3.0
        return super().receive(data, now)

    def tick(self, now: float) -> Sequence[Output]:
        due = [at for at in self._dues if at <= now]
        outputs = [self._dues.pop(at) for at in due]
        self.wake_at = min(self._dues, default=None)
        return [o for o in outputs if not isinstance(o, Report) or len(due) == 1]  # who has left says nothing any more


def test_the_end_of_a_file_is_no_departure_and_comes_in_its_order() -> None:
    kind = replace(KIND, dialogue=Impatient)
    for data in (b"spo2 97\n", recording(heard(0.0, b"spo2 97\n"))):
        said = Said(data, kind)
        assert not any("departed" in line for line in said.lines)
        assert len(said.observations) == 2, "what waited is told before anyone is given up"
        assert said.code == 0


def test_a_silence_within_a_recording_is_a_departure() -> None:
    said = Said(recording(heard(0.0, b"spo2 97\n"), heard(60.0, b"spo2 96\n")), replace(KIND, dialogue=Impatient))
    assert [line["departed"] for line in said.lines if "departed" in line] == ["no heartbeat"]


def test_waveforms_are_not_written_and_not_nothing() -> None:
    said = Said(b"wave\nwave\n")
    assert (said.code, said.lines) == (0, [])
    assert said.warnings == ["nothing was found to publish, but 2 blocks of waveforms"]


def test_damage_is_warned_of_by_cause_with_its_size_and_is_a_fault() -> None:
    said = Said(b"spo2 97\nxx\nspo2 96\nyyyy\n")
    assert said.code == 1
    assert said.warnings == ["damage: unknown word: 2 (6 bytes)"]
    assert len(said.observations) == 2


def test_what_is_cut_off_at_the_end_is_damage() -> None:
    said = Said(b"spo2 97\nspo2")
    assert said.code == 1
    assert said.warnings == ["damage: cut off: 1 (4 bytes)"]


@pytest.mark.parametrize("data", [b"", recording(), recording(Piece(0.0, "tx", 0, b"spo2 97\n"))])
def test_nothing_at_all_is_a_fault(data: bytes) -> None:
    said = Said(data)
    assert said.code == 1
    assert said.lines == []
    assert "right family" in said.warnings[-1]


def test_a_recording_wakes_a_dialogue_when_it_would_have_been_woken_live() -> None:
    said = Said(recording(heard(0.0, b"spo2 97\n"), heard(60.0, b"spo2 96\n")))
    assert [(line["name"], line["value"]) for line in said.observations] == [("SPO2", 97), ("woken", 5), ("SPO2", 96)]


def test_a_recording_that_a_kill_cut_short_is_decoded_as_far_as_it_goes() -> None:
    said = Said(recording(heard(0.0, b"spo2 97\n")) + b'{"t": 1.0, "dir": "r')
    assert [line["value"] for line in said.observations if line["name"] == "SPO2"] == [97]


def test_the_lines_are_json_for_any_program() -> None:
    said = Said(b"spo2 97\n")
    assert json.loads(json.dumps(said.lines)) == said.lines
