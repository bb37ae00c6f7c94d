import io
import json
import logging
from collections.abc import Iterator

import pytest

from gateway.logs import configure, fields

log = logging.getLogger("gateway.test")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_programs_get_one_json_object_a_line() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    log.warning("link lost", extra=fields(link="chair1", reason="a\nb", name="x", tries=3))
    log.debug("unheard")
    (line,) = stream.getvalue().splitlines()
    said = json.loads(line)
    assert said.pop("time").endswith("+00:00")
    assert said == {
        "level": "warning",
        "logger": "gateway.test",
        "event": "link lost",
        "link": "chair1",
        "reason": "a\nb",
        "name": "x",
        "tries": 3,
    }


def test_people_get_short_lines_that_nothing_can_break() -> None:
    stream = Terminal()
    configure(stream=stream)
    log.info("link lost", extra=fields(link="chair1", reason="no answer", said="\x1b[2J\nfake", nothing=""))
    (line,) = stream.getvalue().splitlines()
    assert line[8:] == r' link lost  link=chair1  reason="no answer"  said="\u001b[2J\nfake"  nothing=""'


def test_a_level_above_info_is_named() -> None:
    stream = Terminal()
    configure(stream=stream, level="warning")
    log.info("unheard")
    log.error("disk full")
    assert stream.getvalue()[8:] == " error: disk full\n"


@pytest.mark.parametrize("as_json", [True, False])
def test_an_exception_is_kept(as_json: bool) -> None:
    stream = io.StringIO()
    configure(stream=stream, as_json=as_json)
    try:
        raise ValueError("odd")
    except ValueError:
        log.exception("a bug")
    assert "ValueError: odd" in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 1 or not as_json
