import asyncio
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers import capture
from drivers.capture import Header, Piece
from gateway.app import record
from gateway.config import PortUrl
from gateway.errors import ConfigError, LinkError
from gateway.recorder import Recorder
from tests.gateway.parts import PATIENCE_S, Script, Taken, Time, family, gateway_config, link_config, tcp

HEADER = Header("made_up", "chair1", "2026-01-01T00:00:00.000000Z", "serial:///dev/ttyUSB0")


def read(path: Path) -> tuple[Header, list[Piece]]:
    header, pieces = capture.read(path.read_text(encoding="utf-8").splitlines(keepends=True))
    return header, list(pieces)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recording.jsonl"


def test_what_was_heard_and_said_is_there_with_times_and_connections(path: Path) -> None:
    time = Time()
    recorder = Recorder(path, HEADER, lambda: time.monotonic_s)
    first, second = recorder.tap(), recorder.tap()
    first.heard(b"\x00\xff")
    time.pass_by(1.5)
    second.said(b"?1\n")
    time.pass_by(0.25)
    first.heard(b"")
    recorder.close()
    assert read(path) == (
        HEADER,
        [Piece(0.0, "rx", 0, b"\x00\xff"), Piece(1.5, "tx", 1, b"?1\n"), Piece(1.75, "rx", 0, b"")],
    )
    assert (recorder.pieces, recorder.bytes) == (3, 5)


def test_it_is_json_lines_of_the_format_that_is_promised(path: Path) -> None:
    recorder = Recorder(path, HEADER)
    recorder.tap().heard(b"abc")
    recorder.close()
    header, piece = (json.loads(line) for line in path.read_text().splitlines())
    assert header["format"] == "onlooker.capture/1"
    assert {*piece} == {"t", "dir", "conn", "hex"}
    assert piece["hex"] == "616263"
    assert capture.is_capture(path.read_bytes())


@pytest.mark.parametrize("before", [None, 0o644, 0o666])
def test_nobody_else_may_read_it(path: Path, before: int | None) -> None:
    old = os.umask(0)
    try:
        if before is not None:
            path.write_text("what was there before")
            path.chmod(before)
        recorder = Recorder(path, HEADER)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        recorder.close()
    finally:
        os.umask(old)
    assert "before" not in path.read_text()


def test_a_kill_loses_nothing_that_was_kept(path: Path) -> None:
    recorder = Recorder(path, HEADER)
    tap = recorder.tap()
    for n in range(50):
        tap.heard(b"%d" % n)
        assert read(path)[1][-1].data == b"%d" % n, "each line leaves at once"
    recorder.close()


def test_a_line_that_a_kill_cut_is_the_end(path: Path) -> None:
    recorder = Recorder(path, HEADER)
    recorder.tap().heard(b"whole")
    recorder.tap().heard(b"cut")
    recorder.close()
    for length in range(len(path.read_bytes()) - 2, 0, -1):
        cut = path.read_bytes()[:length].decode()
        if cut.count("\n") < 2:
            break
        _, pieces = capture.read(cut.splitlines(keepends=True))
        assert [piece.data for piece in pieces][:1] == [b"whole"]


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.binary(max_size=50)), max_size=20))
@settings(max_examples=50, deadline=None)
def test_any_bytes_come_back(tmp_path_factory: pytest.TempPathFactory, said: list[tuple[int, bool, bytes]]) -> None:
    path = tmp_path_factory.mktemp("r") / "x.jsonl"
    recorder = Recorder(path, HEADER)
    for connection, is_said, data in said:
        recorder.keep(connection, said=is_said, data=data)
    recorder.close()
    assert [(piece.conn, piece.dir == "tx", piece.data) for piece in read(path)[1]] == said


async def test_what_is_acknowledged_during_a_recording_is_on_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    recorder = Recorder(path, HEADER)
    assert await recorder.ticket() is True
    assert len(synced) == 1
    assert recorder.has_room
    recorder.close()


# The command's work


async def test_recording_holds_the_same_conversation_as_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await reader.read(3)
        writer.write(b"again")
        writer.close()

    monkeypatch.setattr("gateway.app._until_told", lambda work: work)  # signals belong to the main thread
    script = Script()
    script.answer = lambda data: [Taken(1)] if data == b"hello" else []
    server = await asyncio.start_server(called, "127.0.0.1", 0)
    async with server:
        port = tcp(server.sockets[0].getsockname()[1])
        config = gateway_config(tmp_path, link_config("chair1", family(lambda _settings, _port: script), port))
        path = tmp_path / "recording.jsonl"
        code = await asyncio.wait_for(asyncio.to_thread(record, config, "chair1", path, PATIENCE_S), 2 * PATIENCE_S)
    header, pieces = read(path)
    assert code == 0
    assert (header.family, header.link) == ("made_up", "chair1")
    assert [(piece.dir, piece.data) for piece in pieces] == [("rx", b"hello"), ("tx", b"A1\n"), ("rx", b"again")]


def test_an_unknown_link_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    config = gateway_config(tmp_path, link_config("chair1", family(), tcp(1)))
    with pytest.raises(ConfigError, match=r"nowhere.*chair1"):
        record(config, "nowhere", tmp_path / "x", 1.0)
    with pytest.raises(ConfigError, match="name a file in a folder"):
        record(config, "chair1", tmp_path / "no" / "folder", 1.0)


@pytest.mark.parametrize("scheme", ["tcp", "serial"])
def test_a_port_that_can_not_be_opened_is_one_error_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setattr("gateway.app._until_told", lambda work: work)
    port = tcp(1) if scheme == "tcp" else PortUrl("serial", path=f"{tmp_path}/none", text=f"serial://{tmp_path}/none")
    config = gateway_config(tmp_path, link_config("chair1", family(), port))
    with pytest.raises(LinkError):
        record(config, "chair1", tmp_path / "recording.jsonl", 1.0)
    assert not (tmp_path / "recording.jsonl").exists()
