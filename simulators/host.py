"""What the commands share: keep ports open until somebody says stop, and tell people and programs where they are."""

import asyncio
import json
import signal
import tempfile
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any, Final

import typer

from drivers import capture
from simulators.port import Port, PortError, free_port
from simulators.ports import Address, make
from simulators.replay import Recording
from simulators.scenario import SCENARIOS
from simulators.talk import Talk, steady_clock
from simulators.ward import Ward, gateway_config
from simulators.ward_file import WardSection

_WIDE: Final = 400  # a port that was broken into lines can't be copied
_LAST_LOOK_S: Final = 0.5  # between the last byte of a recording and the end of its port


class HostError(Exception):
    """What a person must know when a command can't go on."""


def changed(plan: WardSection, speed: float | None, scenario: str | None) -> WardSection:
    """Give the ward as the command line wants it; another scenario begins where it begins. Raises HostError."""
    if speed is not None:
        plan = plan.model_copy(update={"speed": speed})
    if scenario is None:
        return plan
    if scenario not in SCENARIOS:
        raise HostError(f"no scenario {scenario!r}; there are {', '.join(SCENARIOS)}")
    update = {"scenario": SCENARIOS[scenario], "begin_min": None}
    stations = {name: section.model_copy(update=update) for name, section in plan.stations.items()}
    return plan.model_copy(update={"stations": stations})


def host(plan: WardSection, *, config: Path | None, mqtt_port: int, seconds: float | None, as_json: bool) -> int:
    """Let a ward live; give the exit code: 1 if a gateway did what it may not do. Raises HostError."""
    with tempfile.TemporaryDirectory(prefix="onlooker-ward-") as folder:
        try:
            ward = Ward(plan, Path(folder))
            asyncio.run(until_told(_live(ward, config, mqtt_port, seconds, as_json)))
        except PortError as error:
            raise HostError(str(error)) from None
    for complaint in ward.complaints():
        typer.echo(complaint, err=True)
    return 1 if ward.complaints() else 0


async def _live(ward: Ward, config: Path | None, mqtt_port: int, seconds: float | None, as_json: bool) -> None:
    async with ward:
        written = gateway_config(ward, mqtt_port or free_port())
        if config:
            _write(config, written)
        _tell(ward, written, config, as_json)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await ward.run()


def _write(path: Path, config: dict[str, Any]) -> None:
    """Write it at once or not at all: somebody may be waiting for the file."""
    from ruamel.yaml import YAML

    text = StringIO()
    text.write("# Fits the simulated ports that were open when this was written.\n")
    YAML(typ="rt").dump(config, text)
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_text(text.getvalue(), encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise HostError(f"{path}: {error.strerror}; name a place where a file may be written") from error


def _tell(ward: Ward, config: dict[str, Any], path: Path | None, as_json: bool) -> None:
    rows = [
        {
            "station": placed.station,
            "device": placed.name,
            "family": placed.section.family.name,
            "port": placed.port.url,
            "keys": placed.section.keys,
        }
        for placed in ward.placed
    ]
    if as_json:
        typer.echo(json.dumps({"devices": rows, "config": str(path) if path else None, "gateway": config}))
        return
    from rich.console import Console
    from rich.table import Table

    columns = ("station", "device", "family", "port")
    table = Table(box=None)
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*(str(row[column]) for column in columns))
    Console(width=_WIDE).print(table)
    if path:
        typer.echo(f"A gateway configuration that fits: {path}; start it with: onlooker run {path}")


_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # the last: the terminal was closed


async def until_told(work: Coroutine[Any, Any, None], seconds: float | None = None) -> None:
    """Do the work until it ends, the time is over, or a signal says stop."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in _ENDING:
        loop.add_signal_handler(number, told.set)
    tasks = [asyncio.ensure_future(work), asyncio.ensure_future(told.wait())]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for number in _ENDING:
            loop.remove_signal_handler(number)
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await tasks[1]
        with suppress(asyncio.CancelledError):
            await tasks[0]


def replay(file: Path, address: Address, speed: float, seconds: float | None, as_json: bool) -> None:
    """Say a recording again. Raises HostError."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        try:
            _, pieces = capture.read(lines)
            asyncio.run(until_told(_repeat(pieces, address, speed, seconds, as_json)))
        except capture.CaptureError as error:
            raise HostError(f"{file}: {error}") from None
        except PortError as error:
            raise HostError(str(error)) from None


async def _repeat(
    pieces: Iterable[capture.Piece], address: Address, speed: float, seconds: float | None, as_json: bool
) -> None:
    done = asyncio.Event()
    recording = Recording(pieces, speed, done.set)
    port = make(address, Talk(recording, steady_clock(), is_stream=address.kind != "udp"))
    await port.start()
    typer.echo(json.dumps({"port": port.url}) if as_json else f"Replaying on {port.url}")
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await _stand(port, done)


async def _stand(port: Port, done: asyncio.Event) -> None:
    standing, ending = asyncio.ensure_future(port.run()), asyncio.ensure_future(done.wait())
    try:
        await asyncio.wait([standing, ending], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait([standing], timeout=_LAST_LOOK_S)
    finally:
        for task in (ending, standing):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
