"""What happens at a chair, told by real families' simulators to real drivers, in virtual time."""

from zoneinfo import ZoneInfo

import pytest

from drivers.bbraun_space import FAMILY as SPACE
from drivers.masimo import FAMILY as MASIMO
from drivers.vocabulary import Metric, Validity
from simulators.bbraun_space import SIMULATOR as SPACE_DEVICE
from simulators.bedside import Chair, Timeline
from simulators.masimo import SIMULATOR as MASIMO_DEVICE
from simulators.scenario import SCENARIOS
from tests.converse import START, converse

UTC = ZoneInfo("UTC")


def chair(name: str, begin_min: float) -> Chair:
    return Chair(SCENARIOS[name], Timeline(START, begin_min), "1", UTC)


def test_no_saturation_is_valid_while_the_probe_is_off() -> None:
    the_chair = chair("S6", 4.0)
    heard = converse(MASIMO, MASIMO_DEVICE.device(the_chair, MASIMO_DEVICE.settings()), 900)
    assert len(heard.reports) >= 890
    seen = set()
    for report in heard.reports:
        assert report.device_time is not None
        vitals = the_chair.patient.at(report.device_time.replace(tzinfo=UTC).timestamp())
        (spo2,) = (reading for reading in report.readings if reading.metric is Metric.SPO2)
        seen.add(vitals.probe)
        if vitals.probe != "on":
            assert spo2.validity is not Validity.VALID, vitals.probe
        elif spo2.value is not None:
            assert spo2.value == round(vitals.spo2)
    assert seen == {"on", "off", "searching", "none"}


def test_a_pause_and_the_volume_come_through() -> None:
    settings = SPACE_DEVICE.settings(bitwords=True)  # without them BCC has no word for a pause
    device = SPACE_DEVICE.device(chair("S3", 16.0), settings)
    heard = converse(SPACE, device, 12 * 60)
    told = [
        {reading.metric: reading.value for reading in report.readings}
        for report in heard.reports
        if report.device == "11"
    ]
    states = [values.get(Metric.INFUSION_STATE) for values in told]
    changes = [state for state, before in zip(states, [None, *states], strict=False) if state != before]
    assert changes[-3:] == ["infusing", "paused", "infusing"]
    volumes = [volume for values in told if isinstance(volume := values.get(Metric.VOLUME_INFUSED), int | float)]
    assert volumes == sorted(volumes)
    assert volumes[0] == pytest.approx(20.0, abs=0.3)
    assert volumes[-1] == pytest.approx(27.5, abs=0.3)
    assert device.violations == []
    assert not device.tampered
