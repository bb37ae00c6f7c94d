"""The demonstration: ward, gateway and live table as processes of their own, and an end that leaves none behind."""

import asyncio
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer

from simulators.host import HostError, until_told
from simulators.port import LOOPBACK, free_port

USUAL_PORT: Final = 1883
_READY_S: Final = 20.0
_LOOK_S: Final = 0.05
_LEAVES_S: Final = 10.0  # what a gateway may need to put its last messages away
_TAIL: Final = 20  # lines of a log that a person is shown
_QUIET: Final = (0, -1, -2, -15, 129, 130, 143)  # ends that a signal asked for


@dataclass(frozen=True, slots=True)
class Part:
    """One process. Without a log it has the terminal."""

    name: str
    command: Sequence[str]
    log: Path | None = None
    is_ready: Callable[[], bool] = lambda: True


class Play:
    """Starts the parts in order, waits, and ends them in reverse order."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._running: list[tuple[Part, asyncio.subprocess.Process]] = []
        self._ended_first: Part | None = None

    @property
    def pids(self) -> list[int]:
        """Give the processes that were started."""
        return [process.pid for _, process in self._running]

    async def run(self, seconds: float | None) -> int:
        """Give the exit code: 0 unless a part failed."""
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # a closed window: the parts would live on, unseen
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, signal.raise_signal, signal.SIGTERM)
        try:
            await until_told(self._perform(), seconds)
        finally:
            await self._end()
        return self._outcome()

    async def _perform(self) -> None:
        for part in self._parts:
            await self._start(part)
            if not await self._is_ready(part):
                return
        waits = {asyncio.ensure_future(process.wait()): part for part, process in self._running}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            self._ended_first = next(part for wait, part in waits.items() if wait in done)
        finally:
            for wait in waits:
                wait.cancel()

    async def _start(self, part: Part) -> None:
        output = part.log.open("wb") if part.log else None
        try:
            process = await asyncio.create_subprocess_exec(
                *part.command, stdout=output, stderr=output, start_new_session=part.log is not None
            )
        finally:
            if output:
                output.close()
        self._running.append((part, process))

    async def _is_ready(self, part: Part) -> bool:
        loop = asyncio.get_running_loop()
        until = loop.time() + _READY_S
        while not part.is_ready():
            ended = [other for other, process in self._running if process.returncode is not None]
            if ended or loop.time() > until:
                self._ended_first = ended[0] if ended else part
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    async def _end(self) -> None:
        for _, process in reversed(self._running):
            if process.returncode is None:
                process.terminate()
                try:
                    async with asyncio.timeout(_LEAVES_S):
                        await process.wait()
                except TimeoutError:
                    process.kill()
                    await process.wait()

    def _outcome(self) -> int:
        failed = [part for part, process in self._running if process.returncode not in _QUIET]
        last = self._parts[-1]
        if self._ended_first and self._ended_first is not last and self._ended_first not in failed:
            failed.insert(0, self._ended_first)
        for part in failed:
            typer.echo(f"{part.name} ended before its time{_tail(part.log)}", err=True)
        return 1 if failed else 0


def _tail(log: Path | None) -> str:
    if log is None or not (text := log.read_text(encoding="utf-8", errors="replace").strip()):
        return ""
    return ":\n" + "\n".join(text.splitlines()[-_TAIL:])


def demo_ward() -> Path:
    """Find the demonstration's ward: beside this module when installed, in `config/` of a checkout."""
    here = Path(__file__).parent
    for path in (here / "ward.demo.yaml", here.parent / "config" / "ward.demo.yaml"):
        if path.is_file():
            return path
    raise HostError("this installation has no ward.demo.yaml; start onlooker ward and onlooker run by hand")


def demo(seconds: float | None, speed: float, scenario: str | None, mqtt_port: int | None) -> int:
    """Play it; give the exit code. Raises HostError."""
    ward = demo_ward()
    port = mqtt_port or (USUAL_PORT if not _is_taken(USUAL_PORT) else free_port())
    if _is_taken(port):
        raise HostError(f"port {port} is taken; choose another with --mqtt-port, or none for a free one")
    with tempfile.TemporaryDirectory(prefix="onlooker-demo-") as folder:
        parts = cast(Path(folder), ward, port, speed, scenario)
        typer.echo("Two simulated chairs and their gateway. What it publishes, from another terminal:")
        typer.echo(f"  {_listen_line(port)}")
        return asyncio.run(Play(parts).run(seconds))


def cast(folder: Path, ward: Path, port: int, speed: float, scenario: str | None) -> list[Part]:
    """Name the three processes."""
    onlooker = (sys.executable, "-m", "gateway.cli")
    config = folder / "gateway.yaml"
    told = ("--write-config", str(config), "--mqtt-port", str(port), "--speed", str(speed))
    chosen = ("--scenario", scenario) if scenario else ()
    return [
        Part("ward", (*onlooker, "ward", str(ward), *told, *chosen), folder / "ward.log", config.exists),
        Part("gateway", (*onlooker, "run", str(config)), folder / "gateway.log", lambda: _is_taken(port)),
        Part("live table", (*onlooker, "watch", f"mqtt://{LOOPBACK}:{port}", "--note", _listen_line(port))),
    ]


def _listen_line(port: int) -> str:
    return f"mosquitto_sub -h {LOOPBACK} -p {port} -t 'onlooker-test/v1/#' -v"


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((LOOPBACK, port)) == 0
