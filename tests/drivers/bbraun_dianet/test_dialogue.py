"""The conversation: IDENT alone, or what a controller's pump says; in virtual time and by hand."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import pytest

from drivers.api import Announcement, Damage, Identity, Output, Port, Report
from drivers.bbraun_dianet import FAMILY
from drivers.bbraun_dianet.codec import Crc, ReadIdent, Reply
from drivers.bbraun_dianet.driver import DianetDialogue, DianetSettings
from drivers.vocabulary import InfusionState, Metric, Validity
from simulators.api import Fixed, PumpView
from simulators.bbraun_dianet import SIMULATOR
from simulators.bbraun_dianet.device import DianetDevice, DianetDeviceSettings
from tests.converse import START, Heard, converse
from tests.drivers.bbraun_dianet.test_codec import IDENT, REFUSED, STATUS
from tests.drivers.bbraun_space.pumps import VISIT, Course, Phase, Rack

HERE = Path(__file__).parent
S, M = InfusionState, Metric
LISTENING = DianetSettings(ask=False)
WHO = Identity(
    manufacturer="B. Braun", model="Perfusor fm", serial="12345", firmware="FM 2.34", dialect="Dianet Star 000E"
)


def pump(rack: Rack | None = None, **options: object) -> DianetDevice:
    device = SIMULATOR.device(rack or Rack({"11": VISIT}), DianetDeviceSettings(**options))  # type: ignore[arg-type]  # keyword by keyword
    assert isinstance(device, DianetDevice)
    return device


def values(heard: Heard, metric: Metric) -> list[object]:
    readings = [reading for report in heard.reports for reading in report.readings]
    return [r.value for r in readings if r.metric is metric and r.validity is Validity.VALID]


def test_an_hour_beside_a_pump_tells_who_it_is_and_its_time_and_no_more() -> None:
    device = pump(Rack({"11": Fixed(PumpView())}))
    heard = converse(FAMILY, device, 3600)
    assert [output for output in heard.outputs if isinstance(output, Identity)] == [WHO]
    assert {(r.metric, r.value) for report in heard.reports for r in report.readings} == {(M.INFUSION_STATE, "unknown")}
    assert all(report.alarms is None for report in heard.reports)
    assert heard.reports[0].device_time == datetime(2026, 1, 1, tzinfo=UTC)
    assert set(heard.sent) == {ReadIdent().encode()}
    assert len(heard.sent) == 721
    assert (device.violations, device.tampered, heard.damage) == ([], False, [])


def test_overheard_from_a_controller_the_visit_is_told() -> None:
    device = pump(asked_every_s=5.0)
    heard = converse(FAMILY, device, 3599, settings=LISTENING)
    assert [state for state, _ in groupby(values(heard, M.INFUSION_STATE))] == [
        S.STOPPED, S.INFUSING, S.STOPPED, S.INFUSING, S.STOPPED, S.INFUSING, S.BOLUS, S.INFUSING, S.KVO, S.STOPPED,
        S.STANDBY,
    ]  # fmt: skip
    alarms = [
        tuple(str(alarm.code) for alarm in report.alarms) for report in heard.reports if report.alarms is not None
    ]
    assert [codes for codes, _ in groupby(alarms)] == [
        (), ("occlusion",), (), ("near_end",), ("infusion_complete", "unknown"), ()
    ]  # fmt: skip
    assert (device.violations, device.tampered, heard.damage, heard.sent) == ([], False, [], [])
    assert {report.device for report in heard.reports} == {"A"}
    assert values(heard, M.VOLUME_INFUSED)[-1] == pytest.approx(VISIT.at(START + 3490).volume_infused, abs=0.1)
    assert values(heard, M.DRUG_NAME)[-1] == "Ketamine"
    assert values(heard, M.DOSE_RATE)[-1] == 0.75


def test_an_hour_at_36_ml_h_is_36_ml() -> None:
    device = pump(Rack({"11": Course((Phase(0, S.INFUSING, 36.0),))}), asked_every_s=5.0)
    heard = converse(FAMILY, device, 3600, settings=LISTENING)
    assert values(heard, M.VOLUME_INFUSED)[-1] == pytest.approx(36.0, abs=0.1)
    assert values(heard, M.INFUSION_RATE)[-1] == values(heard, M.INFUSION_RATE_SET)[-1] == 36.0


@pytest.mark.parametrize("crc", ["braun", "ccitt_false"])
def test_a_pump_takes_one_crc_and_refuses_the_other(crc: str) -> None:
    for asked in ("braun", "ccitt_false"):
        heard = converse(FAMILY, pump(crc=crc), 60, settings=DianetSettings(crc=asked))
        assert bool(heard.reports) == (asked == crc)
        announced = [output.text for output in heard.outputs if isinstance(output, Announcement)]
        assert announced == ([] if asked == crc else ["IDENT refused, CRC"])


def test_one_byte_at_a_time_is_the_same() -> None:
    def trickle(data: bytes) -> Iterable[bytes]:
        return [data[n : n + 1] for n in range(len(data))]

    whole, split = (
        converse(FAMILY, pump(asked_every_s=5.0), 60, settings=LISTENING, wire=w) for w in (lambda d: [d], trickle)
    )
    assert whole.outputs == split.outputs


def test_a_silent_pump_is_asked_no_more_than_one_that_answers() -> None:
    heard = converse(FAMILY, pump(Rack({"11": Fixed(PumpView(state=S.OFF))})), 3600)
    assert heard.reports == []
    assert set(heard.sent) == {ReadIdent().encode()}
    assert len(heard.sent) == 721


def test_a_reader_that_vanishes_does_not_alarm_the_pump() -> None:
    device = pump()
    converse(FAMILY, device, 300)
    assert device.at(START + 360).alarms == ()


def test_golden_transcript() -> None:
    """All bytes sent from start over damage, a refusal and silence; kept in transcript.txt."""
    said = (row.partition("#") for row in (HERE / "transcript.txt").read_text().splitlines() if row[:1] != "#")
    golden = [bytes.fromhex(data) for data, _, _ in said]
    device = pump(Rack({"11": Fixed(PumpView())}))
    heard = converse(FAMILY, device, 60, wire=_bad_cable())
    assert heard.sent == golden
    assert device.violations == []


def _bad_cable() -> Callable[[bytes], Iterable[bytes]]:
    """Harm the 2nd thing said, refuse the 4th, lose the 6th to 9th."""
    count = [0]

    def wire(data: bytes) -> Iterable[bytes]:
        count[0] += 1
        if count[0] == 2:
            return [data[:6] + b"#" + data[7:]]
        if count[0] == 4:
            return [Reply(0, 1, False, b"\x04").encode(Crc.BRAUN)]
        return [] if count[0] in range(6, 10) else [data]

    return wire


# --- by hand


def dialogue(**options: object) -> DianetDialogue:
    made = DianetDialogue(DianetSettings(**options), Port())  # type: ignore[arg-type]  # keyword by keyword
    made.open(START)
    return made


def test_the_question_goes_out_on_opening_and_again_after_the_period() -> None:
    made = DianetDialogue(DianetSettings(), Port())
    assert made.wake_at is None
    assert made.open(START) == [ReadIdent()]
    assert made.wake_at == START + 5
    assert made.tick(START + 4.9) == []
    made.receive(IDENT, START + 0.1)
    assert made.tick(START + 5) == [ReadIdent()]
    assert made.wake_at == START + 10


def test_a_new_pump_on_the_cable_is_a_new_identity() -> None:
    made = dialogue()
    assert [type(output) for output in made.receive(IDENT, START)] == [Identity, Report]
    assert [type(output) for output in made.receive(IDENT, START)] == [Report]
    other = Reply(0, 1, True, bytes.fromhex("0FEC303A 000E 464D20322E3334202020 FFFFFFFF")).encode(Crc.BRAUN)
    (met, _) = made.receive(other, START)
    assert isinstance(met, Identity)
    assert met.serial == "12346"


def test_a_refusal_is_said_once() -> None:
    made = dialogue(ask=False)
    first = made.receive(REFUSED, START)
    assert [(o.text, o.device, o.raw) for o in first if isinstance(o, Announcement)] == [
        ("STATUS refused, address", "A", "08")
    ]
    assert made.receive(REFUSED, START) == []


def test_a_flood_of_refusals_is_cut() -> None:
    made = dialogue(ask=False)
    flood = [Reply(0x41, 2, False, bytes((n,))) for n in range(256)] + [
        Reply(0x41, n, False, b"\x08") for n in range(256)
    ]
    said = [output for reply in flood for output in made.receive(reply.encode(Crc.BRAUN), START)]
    assert len(said) == 256


def test_a_controller_at_work_is_said_once() -> None:
    made = dialogue(ask=False)
    for expected in (["segment 11 acknowledged: a controller speaks to this pump"], []):
        outputs = made.receive(Reply(0x41, 0x11, True).encode(Crc.BRAUN), START)
        assert [o.text for o in outputs if isinstance(o, Announcement)] == expected


def test_listening_means_to_be_silent() -> None:
    made = DianetDialogue(LISTENING, Port())
    outputs: list[Output] = [*made.open(START), *made.receive(IDENT + STATUS, START), *made.tick(START + 100)]
    assert made.wake_at is None
    assert not any(isinstance(output, ReadIdent) for output in outputs)
    assert len([output for output in outputs if isinstance(output, Report)]) == 2


def test_after_close_nothing_is_asked() -> None:
    made = dialogue()
    assert made.close(START) == []
    assert made.wake_at is None
    assert made.tick(START + 100) == []


def test_a_harmed_frame_is_damage_and_no_reading() -> None:
    assert dialogue().receive(STATUS.replace(b"\x1e", b"\x1f"), START) == [Damage("wrong CRC", len(STATUS) - 1)]


@pytest.mark.parametrize("wrong", [{"crc": "any"}, {"poll_s": 0.5}])
def test_wrong_settings_name_the_remedy(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="set it"):
        DianetSettings(**wrong)  # type: ignore[arg-type]  # that is the test
