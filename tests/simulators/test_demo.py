"""The demonstration's processes, played by small programs."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from simulators.demo import Part, Play, cast, demo, demo_ward
from simulators.host import HostError
from simulators.port import free_port

FOREVER = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); open({0!r}, 'w'); signal.pause()"


def part(name: str, program: str, folder: Path, is_last: bool = False) -> Part:
    flag = folder / f"{name}.ready"
    command = (sys.executable, "-c", program.format(str(flag)))
    return Part(name, command, None if is_last else folder / f"{name}.log", lambda: is_last or flag.exists())


def play(folder: Path, seconds: float | None = None, **programs: str) -> tuple[int, Play]:
    *names, last = programs
    parts = [part(name, programs[name], folder) for name in names] + [part(last, programs[last], folder, True)]
    the_play = Play(parts)
    return asyncio.run(the_play.run(seconds)), the_play


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_it_ends_after_its_time_and_leaves_nobody_behind(tmp_path: Path) -> None:
    code, the_play = play(tmp_path, 0.5, ward=FOREVER, gateway=FOREVER, table=FOREVER)
    assert code == 0
    assert the_play.pids
    assert not any(is_alive(pid) for pid in the_play.pids)


@pytest.mark.slow
def test_leaving_the_table_ends_it_well(tmp_path: Path) -> None:
    code, _ = play(tmp_path, ward=FOREVER, gateway=FOREVER, table="")
    assert code == 0


@pytest.mark.slow
def test_a_part_that_dies_ends_it_with_its_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, the_play = play(tmp_path, ward=FOREVER, gateway="raise SystemExit('no such family')", table=FOREVER)
    assert code == 1
    assert "gateway ended before its time:\nno such family" in capsys.readouterr().err
    assert not any(is_alive(pid) for pid in the_play.pids)


@pytest.mark.slow
def test_a_ward_that_complains_in_the_end_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    complains = FOREVER.replace("sys.exit(0)", "(print('pump: WRITE', flush=True), sys.exit(1))")
    code, _ = play(tmp_path, ward=complains, table="")
    assert code == 1
    assert "pump: WRITE" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_well(tmp_path: Path, number: signal.Signals) -> None:
    tell = f"import os, signal; os.kill(os.getppid(), {int(number)}); signal.pause()"
    code, the_play = play(tmp_path, ward=FOREVER, table=tell)
    assert code == 0
    assert not any(is_alive(pid) for pid in the_play.pids)


def test_the_cast_is_ward_gateway_and_table(tmp_path: Path) -> None:
    ward, gateway, table = cast(tmp_path, demo_ward(), 1883, 10.0, "S9")
    assert ward.command[1:5] == ("-m", "gateway.cli", "ward", str(demo_ward()))
    assert tuple(ward.command[-4:]) == ("--speed", "10.0", "--scenario", "S9")
    assert gateway.command[3:] == ("run", str(tmp_path / "gateway.yaml"))
    assert table.command[3:5] == ("watch", "mqtt://127.0.0.1:1883")
    assert table.command[5:] == ("--note", "mosquitto_sub -h 127.0.0.1 -p 1883 -t 'onlooker-test/v1/#' -v")
    assert table.log is None


@pytest.mark.slow
def test_the_whole_demonstration_shows_values_and_ends() -> None:
    port = free_port()
    words = ("demo", "--for", "6", "--speed", "10", "--no-browser", "--mqtt-port", str(port))
    command = [sys.executable, "-m", "gateway.cli", *words]
    result = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert result.returncode == 0, result.stderr
    assert f"mosquitto_sub -h 127.0.0.1 -p {port} -t 'onlooker-test/v1/#' -v" in result.stdout
    shown = result.stdout + result.stderr
    for device in ("chair1-monitor", "chair1-pump", "chair2-monitor", "chair2-pump"):
        assert device in shown


@pytest.mark.slow
def test_a_taken_port_is_said_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(HostError, match="is taken; choose another with --mqtt-port"):
            demo(1.0, 1.0, None, taken.getsockname()[1])
