"""The commands that simulate: `demo`, `ward`, `simulate`, `replay`. What they need is imported when they run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from simulators.ward_file import WardSection

Speed = Annotated[float, typer.Option(help="Hurries patients, pumps and scenario; not wires or clocks.", min=0.01)]
ScenarioName = Annotated[str | None, typer.Option(help="What happens: S1 to S10, S12, S15.")]
Seconds = Annotated[float | None, typer.Option("--for", help="End after so many seconds.", min=0.0)]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: one line of JSON.")]
MqttPort = Annotated[int, typer.Option(help="The broker's port in that configuration; 0: a free one.", max=65535)]
ConfigFile = Annotated[
    Path | None, typer.Option("--write-config", help="Write a gateway configuration that fits.", metavar="FILE")
]
PortText = Annotated[str, typer.Option(help="pty, pty:/path, tcp://127.0.0.1:0, udp://… or dial://….")]
InputFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


def add_commands(app: typer.Typer) -> None:
    """Add what simulates to the command line."""
    for command in (demo, ward, simulate, replay):
        app.command()(command)


def demo(
    seconds: Seconds = None,
    speed: Speed = 1.0,
    scenario: ScenarioName = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    mqtt_port: Annotated[int | None, typer.Option(help="Default: 1883, or a free one.", min=1, max=65535)] = None,
    http_port: Annotated[int | None, typer.Option(help="The page's port.", min=1, max=65535)] = None,
) -> None:
    """Show a simulated ward, a broker, the gateway and a live table; no hardware, no set-up."""
    from simulators.demo import demo as play
    from simulators.host import HostError
    from simulators.scenario import SCENARIOS

    if scenario is not None and scenario not in SCENARIOS:
        _wrong_use(f"no scenario {scenario!r}; there are {', '.join(SCENARIOS)}")
    try:
        code = play(seconds, speed, scenario, mqtt_port)
    except HostError as error:
        _fault(error)
    raise typer.Exit(code)


def ward(
    file: InputFile,
    speed: Annotated[float | None, typer.Option(help="Instead of the file's.", min=0.01)] = None,
    scenario: ScenarioName = None,
    write_config: ConfigFile = None,
    mqtt_port: MqttPort = 0,
    seconds: Seconds = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a whole clinic on ptys and sockets, until Ctrl-C."""
    from simulators.registry import installed
    from simulators.ward_file import WardError, load

    try:
        plan = load(file.read_text(encoding="utf-8"), str(file), installed())
    except (WardError, UnicodeDecodeError) as error:
        _fault(error)
    _host(plan, speed, scenario, write_config, mqtt_port, seconds, as_json)


def simulate(
    family: Annotated[str, typer.Argument(help="As onlooker families lists them.")],
    port: PortText = "",
    settings: Annotated[list[str], typer.Option("--set", help="A setting of the simulator.", metavar="KEY=VALUE")] = [],  # noqa: B006  # Typer copies it
    key: Annotated[list[str], typer.Option(help="What the family's driver calls the device.")] = [],  # noqa: B006
    speed: Speed = 1.0,
    scenario: ScenarioName = None,
    begin_min: Annotated[float | None, typer.Option(help="Minute of the visit to begin at.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another patient's noise.")] = 1,
    write_config: ConfigFile = None,
    mqtt_port: MqttPort = 0,
    seconds: Seconds = None,
    as_json: AsJson = False,
) -> None:
    """Simulate one device with its patient, until Ctrl-C."""
    from simulators.registry import SimulatorError, installed
    from simulators.ward_file import WardError, check

    simulators = installed()
    try:
        first = simulators.get(family).ports[0]
    except SimulatorError as error:
        _wrong_use(str(error))
    usual = {"serial": "pty", "tcp": "tcp://127.0.0.1:0", "udp": "udp://127.0.0.1:0", "dial": "dial://127.0.0.1:0"}
    device: dict[str, Any] = {"family": family, "port": port or usual[first]}
    device["settings"] = dict(_pair(text) for text in settings)
    device["keys"] = {said: f"simulated-{number}" for number, said in enumerate(key, start=1)}
    station = {"devices": {"simulated": device}, "begin_min": begin_min, "scenario": scenario or "S1"}
    try:
        plan = check({"seed": seed, "speed": speed, "stations": {"chair1": station}}, "command line", simulators)
    except WardError as error:
        _wrong_use(str(error))
    _host(plan, None, None, write_config, mqtt_port, seconds, as_json)


def replay(
    file: InputFile,
    port: PortText = "pty",
    speed: Annotated[float, typer.Option(help="Times as fast.", min=0.01)] = 1.0,
    seconds: Seconds = None,
    as_json: AsJson = False,
) -> None:
    """Say a recording again; the clock starts when somebody opens the port."""
    from simulators.host import HostError
    from simulators.host import replay as repeat
    from simulators.ports import parse

    try:
        address = parse(port)
    except ValueError as error:
        _wrong_use(str(error))
    try:
        repeat(file, address, speed, seconds, as_json)
    except HostError as error:
        _fault(error)


def _host(
    plan: "WardSection",
    speed: float | None,
    scenario: str | None,
    config: Path | None,
    mqtt_port: int,
    seconds: float | None,
    as_json: bool,
) -> NoReturn:
    from simulators.host import HostError, changed, host

    try:
        plan = changed(plan, speed, scenario)
        code = host(plan, config=config, mqtt_port=mqtt_port, seconds=seconds, as_json=as_json)
    except HostError as error:
        _fault(error)
    raise typer.Exit(code)


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        _wrong_use(f"--set {text}: write KEY=VALUE")
    return name, value


def _fault(error: Exception) -> NoReturn:
    _complain(str(error))
    raise typer.Exit(1)


def _wrong_use(message: str) -> NoReturn:
    _complain(message)
    raise typer.Exit(2)


def _complain(message: str) -> None:
    for line in message.splitlines():
        typer.echo(f"onlooker: {line}", err=True)
