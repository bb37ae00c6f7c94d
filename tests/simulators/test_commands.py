"""The command line, with simulators that are installed; each run ends by itself within a moment."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import typer
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from drivers.capture import Header, Piece, header_line, piece_line
from simulators.commands import add_commands

WARD = """\
stations:
  chair1:
    devices:
      chair1-monitor: {family: masimo, port: pty}
      chair1-rack: {family: bbraun_space, port: "tcp://127.0.0.1:0", keys: {"11": chair1-pump}}
"""


def onlooker(*words: str) -> Result:
    app = typer.Typer()
    add_commands(app)
    return CliRunner().invoke(app, words)


@pytest.fixture
def ward_file(tmp_path: Path) -> Path:
    path = tmp_path / "ward.yaml"
    path.write_text(WARD)
    return path


def test_ward_says_its_ports_and_writes_a_configuration(ward_file: Path, tmp_path: Path) -> None:
    config = tmp_path / "gateway.yaml"
    result = onlooker(
        "ward", str(ward_file), "--for", "0.01", "--json", "--write-config", str(config), "--mqtt-port", "1884"
    )
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert [device["device"] for device in said["devices"]] == ["chair1-monitor", "chair1-rack"]
    assert said["devices"][0]["port"].startswith("serial:///")
    written = YAML(typ="safe").load(config.read_text())
    assert written == said["gateway"]
    assert written["mode"] == "test"
    assert written["broker"]["url"] == "embedded://127.0.0.1:1884"


def test_ward_shows_a_table_to_people(ward_file: Path) -> None:
    result = onlooker("ward", str(ward_file), "--for", "0.01", "--speed", "20", "--scenario", "S9")
    assert result.exit_code == 0, result.output
    assert "bbraun_space" in result.stdout


def test_a_faulty_ward_is_a_fault_and_a_missing_one_wrong_use(ward_file: Path, tmp_path: Path) -> None:
    ward_file.write_text(WARD.replace("masimo", "acme"))
    result = onlooker("ward", str(ward_file))
    assert result.exit_code == 1
    assert f"{ward_file}:4:24: stations.chair1.devices.chair1-monitor.family: no simulator" in result.stderr
    assert onlooker("ward", str(tmp_path / "none.yaml")).exit_code == 2
    ward_file.write_bytes(b"\xff\xfe\x00")
    result = onlooker("ward", str(ward_file))
    assert (result.exit_code, f"{ward_file}: is not UTF-8 text" in result.stderr) == (1, True)


def test_what_the_command_line_asks_for_must_exist(ward_file: Path, tmp_path: Path) -> None:
    assert onlooker("ward", str(ward_file), "--scenario", "S99").exit_code == 1
    result = onlooker("ward", str(ward_file), "--write-config", str(tmp_path / "no" / "x.yaml"))
    assert result.exit_code == 1
    assert "name a place where a file may be written" in result.stderr


def test_simulate_stands_up_one_device() -> None:
    result = onlooker("simulate", "masimo", "--for", "0.01", "--json", "--set", "model=radical5")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["gateway"]["links"]["simulated"]["family"] == "masimo"


def test_simulate_takes_keys_and_another_port() -> None:
    result = onlooker("simulate", "bbraun_space", "--port", "pty", "--key", "11", "--for", "0.01", "--json")
    assert result.exit_code == 0, result.output
    link = json.loads(result.stdout)["gateway"]["links"]["simulated"]
    assert link["devices"] == {"11": {"device": "simulated-1", "station": "chair1"}}
    assert link["port"].startswith("serial:///")


@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "acme"),
        ("simulate", "masimo", "--set", "model"),
        ("simulate", "masimo", "--set", "colour=red"),
        ("simulate", "masimo", "--port", "udp://127.0.0.1:0"),
        ("simulate", "masimo", "--begin-min", "999"),
        ("demo", "--scenario", "S99"),
    ],
)
def test_wrong_use_ends_with_2(words: tuple[str, ...]) -> None:
    result = onlooker(*words)
    assert result.exit_code == 2
    assert result.stderr


@pytest.mark.parametrize(
    ("option", "value"), [("--set", "colour=red"), ("--port", "nowhere"), ("--begin-min", "999"), ("--scenario", "S99")]
)
def test_simulate_names_the_option_that_is_wrong(option: str, value: str) -> None:
    assert onlooker("simulate", "masimo", option, value).stderr.startswith(f"onlooker: {option}: ")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "monitor.jsonl"
    lines = [header_line(Header("masimo", "m", "2026-01-01T00:00:00Z"))]
    lines += [piece_line(Piece(float(number), "rx", 0, b"line %d\r\n" % number)) for number in range(3)]
    path.write_text("".join(line + "\n" for line in lines))
    return path


def test_replay_says_a_recording_to_a_pty_and_ends(recording: Path, tmp_path: Path) -> None:
    heard: list[bytes] = []

    def listen() -> None:
        while not (tmp_path / "port").is_symlink():
            pass
        port = os.open(tmp_path / "port", os.O_RDWR | os.O_NOCTTY)
        while b"2\r\n" not in b"".join(heard):
            heard.append(os.read(port, 100))
        os.close(port)

    listener = threading.Thread(target=listen)
    listener.start()
    result = onlooker("replay", str(recording), "--port", f"pty:{tmp_path}/port", "--speed", "1000")
    listener.join()
    assert result.exit_code == 0, result.output
    assert b"".join(heard) == b"line 0\r\nline 1\r\nline 2\r\n"


def test_replay_refuses_what_is_no_recording(recording: Path) -> None:
    recording.write_text("not a recording\n")
    result = onlooker("replay", str(recording), "--for", "0.01")
    assert result.exit_code == 1
    assert "line 1" in result.stderr
    assert onlooker("replay", str(recording), "--port", "nowhere").exit_code == 2


@pytest.mark.slow
def test_ward_ends_cleanly_when_told(ward_file: Path) -> None:
    program = "import typer, simulators.commands as c; app = typer.Typer(); c.add_commands(app); app()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "ward", str(ward_file), "--json"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        link = Path(said["devices"][0]["port"].removeprefix("serial://"))
        assert link.is_symlink()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10.0) == 0
    assert not link.parent.exists()


def test_the_commands_module_imports_nothing_heavy() -> None:
    program = (
        "import sys, simulators.commands;"
        "heavy = {'pydantic', 'ruamel.yaml', 'asyncio', 'simulators.ward', 'simulators.scenario'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or None)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
