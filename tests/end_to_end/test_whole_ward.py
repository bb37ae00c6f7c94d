"""Every family at once, on real ports, a real gateway and a broker; longer by hand: see whole_ward.py."""

from pathlib import Path

import pytest

from tests.end_to_end.whole_ward import FILE, UNPLUGGED, faults_after_faults, faults_of, published, run

pytestmark = pytest.mark.slow
CLEAN_S = 60.0
AFTER_S = 25.0  # the slowest device is back within two of its periods


@pytest.mark.timeout(240)
def test_a_minute_of_the_whole_ward_is_clean(tmp_path: Path) -> None:
    """All deliver, with valid values, no damage, no gap, no hole; no device heard what it must not hear."""
    assert list(faults_of(run(tmp_path, CLEAN_S), published(FILE))) == []


@pytest.mark.timeout(240)
def test_after_corruption_and_a_pulled_cable_every_device_is_back(tmp_path: Path) -> None:
    outcome = run(tmp_path, UNPLUGGED[1] + AFTER_S, has_faults=True)
    assert list(faults_after_faults(outcome, published(FILE))) == []
    assert any(device.trouble for device in outcome.devices.values()), "the cables were good"
