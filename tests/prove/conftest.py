"""Every proof runs for every installed family."""

import pytest

from tests.prove.families import NAMES


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", NAMES)
