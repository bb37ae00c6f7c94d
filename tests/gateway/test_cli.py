import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer

from gateway import cli
from gateway.errors import FamilyError, LinkError
from gateway.registry import Registry
from tests.gateway.fake_families import MONITOR, Brought, registry

GOOD = """\
site: clinic-a
gateway: gw1
mode: test
timezone: UTC
broker: {url: "mqtt://127.0.0.1:1"}
links:
  chair1: {family: monitor, port: "serial:///dev/ttyUSB0", station: chair1}
  rack1:
    family: pump
    port: tcp://127.0.0.1:1
    devices: {"13": {device: chair1-pump, station: chair1}}
    accept_risk: only reader of this rack, agreed with biomed 2026-11-20
"""

START = """
import sys
from gateway.cli import main
code = main(sys.argv[1:])
print(sorted({name.partition(".")[0] for name in sys.modules} & {"rich", "aiomqtt", "simulators", "iotcore"}))
sys.exit(code)
"""

Onlooker = Callable[..., tuple[int, str, str]]


@pytest.fixture
def onlooker(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Onlooker:
    """Run the command line with fake families; gives exit code, stdout and stderr."""
    monkeypatch.setattr("gateway.registry.installed", registry)

    def run(*words: str | Path) -> tuple[int, str, str]:
        code = cli.main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return run


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.yaml"
    path.write_text(GOOD)
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.replace("mode: test", "mode: live").replace("family: pump", "family: pomp"))
    return path


def test_check_shows_a_good_file_in_one_look(onlooker: Onlooker, good: Path) -> None:
    code, out, err = onlooker("check", good)
    assert (code, err) == (0, "")
    assert "clinic-a/gw1, test: onlooker-test/v1/clinic-a/… on mqtt://127.0.0.1:1" in out
    assert [line.split()[0] for line in out.splitlines() if "serial://" in line] == ["chair1"]
    assert "13: chair1/chair1-pump" in out
    assert "sends READ-WITH-EFFECT" in out
    assert "sends nothing" in out


def test_check_shows_all_faults_and_finds_a_fault(onlooker: Onlooker, bad: Path) -> None:
    code, out, err = onlooker("check", bad)
    assert code == 1
    assert [line.split(": ")[:2] for line in out.splitlines()] == [
        [f"{bad}:3:7", "mode"],
        [f"{bad}:9:13", "links.rack1.family"],
    ]
    assert "write one of monitor, pump, sender" in out
    assert "2 faults" in err


def test_check_speaks_to_programs(onlooker: Onlooker, good: Path, bad: Path) -> None:
    code, out, _ = onlooker("check", good, "--json")
    said = json.loads(out)
    assert (code, said["good"], said["faults"]) == (0, True, [])
    assert [link["link"] for link in said["links"]] == ["chair1", "rack1"]
    code, out, err = onlooker("check", bad, "--json")
    said = json.loads(out)
    assert (code, said["good"], err) == (1, False, "")
    assert {"file", "line", "column", "key", "message", "remedy"} == said["faults"][0].keys()


def test_run_says_all_faults_on_stderr_and_does_not_start(onlooker: Onlooker, bad: Path) -> None:
    code, out, err = onlooker("run", bad)
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 2
    assert all(line.startswith("onlooker: ") for line in err.splitlines())


@pytest.mark.parametrize(
    "words",
    [
        ["check"],
        ["check", "/no/such/file"],
        ["run", "/no/such/file"],
        ["watch"],
        ["watch", "broker"],
        ["watch", "http://broker"],
        ["watch", "mqtt://user:secret@broker"],
        ["watch", "mqtt://broker:0"],
        ["families", "none"],
        ["decode", "none", os.devnull],
        ["decode", "pump"],
        ["schema", "none"],
        ["no-such-command"],
        ["--no-such-option"],
    ],
)
def test_wrong_use_is_told_from_faults(onlooker: Onlooker, words: list[str]) -> None:
    code, out, err = onlooker(*words)
    assert (code, out) == (2, "")
    assert err
    assert "secret" not in err


def test_families_lists_what_is_installed(onlooker: Onlooker) -> None:
    code, out, _ = onlooker("families", "--json")
    assert code == 0
    monitor, pump, sender = json.loads(out)
    assert (monitor["name"], monitor["sends"], monitor["needs_accept_risk"]) == ("monitor", [], False)
    assert monitor["line"]["baudrate"] == 19200
    assert pump["sends"] == [
        {"request": "Ask", "class": "READ", "purpose": "ask for data", "effect": "", "words": "Ask for the rate."},
        {
            "request": "AskAndUse",
            "class": "READ-WITH-EFFECT",
            "purpose": "ask for data",
            "effect": "uses up the counter of new errors",
            "words": "Ask for what is new since the last time.",
        },
    ]
    assert (pump["refused"], pump["needs_accept_risk"]) == ("reading uses up its counters", True)
    assert pump["settings"] == {"stuffing": True, "poll_s": 5.0, "ward": "", "slots": 1}
    assert (sender["evidence"], sender["ports"], sender["line"]) == ("bench", ["listen"], None)
    code, out, _ = onlooker("families")
    assert code == 0
    firsts = [line.split()[0] for line in out.splitlines() if line.strip()]
    assert [first for first in firsts if first in ("monitor", "pump", "sender")] == ["monitor", "pump", "sender"]


def test_one_family_is_shown_in_full(onlooker: Onlooker) -> None:
    code, out, _ = onlooker("families", "pump")
    assert code == 0
    words = " ".join(out.split())
    assert "READ-WITH-EFFECT: Ask for what is new since the last time." in words
    assert "needs accept_risk: reading uses up its counters" in words
    assert "no alarm (made up)" in words
    assert "alarm frame" in words


def test_a_broken_family_hides_no_other(onlooker: Onlooker, monkeypatch: pytest.MonkeyPatch) -> None:
    some = Registry([Brought("monitor", MONITOR), Brought("pump", ImportError("acme"), by="acme-drivers")])
    monkeypatch.setattr("gateway.registry.installed", lambda: some)
    code, out, err = onlooker("families", "--json")
    assert (code, [said["name"] for said in json.loads(out)]) == (1, ["monitor"])
    assert "acme-drivers can't be imported" in err


def test_decode_judges_settings_before_bytes(onlooker: Onlooker, tmp_path: Path) -> None:
    file = tmp_path / "bytes"
    file.write_bytes(b"?")
    code, out, err = onlooker("decode", "pump", file, "--set", "poll_s=often", "--set", "pol=1")
    assert (code, out) == (2, "")
    assert "--set poll_s:" in err
    assert "pump knows stuffing, poll_s, ward, slots" in err
    assert onlooker("decode", "pump", file, "--set", "poll_s")[0] == 2
    assert onlooker("decode", "pump", file, "--timezone", "Mars")[0] == 2


def test_decode_reads_stdin(onlooker: Onlooker, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"97\n"))
    monkeypatch.setattr("sys.stdin", stdin)
    code, _, err = onlooker("decode", "monitor", "-")
    assert (code, "nothing was found" in err) == (1, True)
    assert stdin.buffer.read() == b""


def test_decode_of_what_is_no_file_is_one_line(onlooker: Onlooker, tmp_path: Path) -> None:
    for wrong, words in ((tmp_path, "Is a directory"), (tmp_path / "none", "No such file")):
        code, out, err = onlooker("decode", "monitor", wrong)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert f"{wrong}: {words}" in err
        assert "- for stdin" in err


def test_decode_of_nothing_is_a_fault(onlooker: Onlooker, tmp_path: Path) -> None:
    file = tmp_path / "bytes"
    file.write_bytes(b"?")
    code, out, err = onlooker("decode", "monitor", file)
    assert (code, out) == (1, "")
    assert "right family" in err


def test_decode_of_a_broken_recording_names_the_line(onlooker: Onlooker, tmp_path: Path) -> None:
    file = tmp_path / "bytes"
    file.write_text('{"format": "onlooker.capture/1", "family": "monitor"}\n')
    code, _, err = onlooker("decode", "monitor", file)
    assert code == 1
    assert "line 1" in err


def test_record_wants_a_known_link_and_a_new_file(onlooker: Onlooker, good: Path, tmp_path: Path) -> None:
    code, _, err = onlooker("record", good, "chair9", "-o", tmp_path / "new")
    assert (code, "chair1, rack1" in err) == (2, True)
    code, _, err = onlooker("record", good, "chair1", "-o", good)
    assert (code, "new file" in err) == (2, True)
    assert good.read_text() == GOOD


def test_a_bug_among_several_errors_is_not_hidden(onlooker: Onlooker, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Registry:
        raise ExceptionGroup("tasks", [LinkError("no port"), KeyError("a bug")])

    monkeypatch.setattr("gateway.registry.installed", fail)
    with pytest.raises(ExceptionGroup):
        onlooker("families")


def test_watch_wants_readable_secrets(onlooker: Onlooker, tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    code, _, err = onlooker("watch", "mqtt://gw1@127.0.0.1:1", "--password-file", binary)
    assert (code, f"--password-file {binary}: is not UTF-8 text" in err) == (2, True)
    code, _, err = onlooker("watch", "mqtts://127.0.0.1:1", "--ca-file", binary)
    assert (code, f"--ca-file {binary}: holds no certificate" in err) == (2, True)


def test_a_long_port_stays_whole_in_a_pipe(onlooker: Onlooker, good: Path) -> None:
    port = "serial:///dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A10KXYZ1-if00-port0?baudrate=9600"
    good.write_text(GOOD.replace("serial:///dev/ttyUSB0", port))
    assert f" {port}\n" in onlooker("check", good)[1]


def test_each_schema_is_one(onlooker: Onlooker, tmp_path: Path) -> None:
    code, out, _ = onlooker("schema")
    documents = json.loads(out)
    assert code == 0
    kinds = {"observations", "event", "status", "waveform", "gateway", "configuration"}
    assert documents.keys() == kinds | {"asyncapi"}
    for kind in kinds:
        jsonschema.Draft202012Validator.check_schema(documents[kind])
    assert documents["asyncapi"]["asyncapi"].startswith("3.")
    assert json.loads(onlooker("schema", "status")[1]) == documents["status"]
    assert onlooker("schema", "--write", tmp_path / "new" / "schema") == (0, "", "")
    written = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "new" / "schema").iterdir()}
    assert written == documents


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (FamilyError("manifest of acme"), 1, "onlooker: manifest of acme\n"),
        (LinkError("no answer"), 1, "onlooker: no answer\n"),
        (ExceptionGroup("tasks", [ExceptionGroup("", [LinkError("no port")])]), 1, "onlooker: no port\n"),
        (PermissionError(13, "Permission denied", "/x"), 1, "onlooker: /x: Permission denied: mend the path"),
    ],
)
def test_what_a_person_can_mend_is_one_line(
    onlooker: Onlooker, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, words: str
) -> None:
    def fail() -> Registry:
        raise error

    monkeypatch.setattr("gateway.registry.installed", fail)
    found, _, err = onlooker("families")
    assert found == code
    assert err.startswith(words)
    assert len(err.splitlines()) == 1


class Point:
    """An entry point that adds a command, or fails to."""

    value = "acme.commands:add"

    def __init__(self, problem: Exception | None = None) -> None:
        self._problem = problem

    def load(self) -> Callable[[typer.Typer], Any]:
        if self._problem:
            raise self._problem
        return lambda app: app.command("acme")(lambda: typer.echo("hello from acme"))


def test_others_add_commands_which_ours_do_not_load(onlooker: Onlooker, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def entry_points(group: str) -> list[Point]:
        asked.append(group)
        return [Point(ImportError("broken")), Point()]

    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    assert onlooker("families", "--json")[0] == 0
    assert asked == []
    code, out, err = onlooker("acme")
    assert (code, out, asked) == (0, "hello from acme\n", ["onlooker.commands"])
    assert "acme.commands:add can't be used: ImportError: broken" in err
    assert "acme" in onlooker("--help")[1]


def test_the_version_is_the_distributions(onlooker: Onlooker) -> None:
    code, out, _ = onlooker("--version")
    assert (code, out.split()[0]) == (0, "onlooker")


@pytest.mark.slow
def test_run_starts_without_what_only_other_commands_need(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("site: a b")
    done = subprocess.run([sys.executable, "-c", START, "run", str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "[]\n")


@pytest.mark.slow
def test_it_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "gateway.cli", "check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Missing argument" in done.stderr
