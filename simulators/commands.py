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
MqttPort = Annotated[
    int, typer.Option(help="The broker's port in that configuration; 0: a free one.", min=0, max=65535)
]
ConfigFile = Annotated[
    Path | None, typer.Option("--write-config", help="Write a gateway configuration that fits.", metavar="FILE")
]
PortText = Annotated[str, typer.Option(help="pty, pty:/path, tcp://127.0.0.1:0, udp://… or dial://….")]
WardFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Such as config/ward.example.yaml.")]
Recorded = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `onlooker record` kept.")]

# What `simulate` was told stands here in the ward that it makes.
_OPTIONS = {
    "stations.chair1.devices.simulated.port": "--port",
    "stations.chair1.devices.simulated.settings": "--set",
    "stations.chair1.devices.simulated.keys": "--key",
    "stations.chair1.scenario": "--scenario",
    "stations.chair1.begin_min": "--begin-min",
    "stations.chair1": "",
    "speed": "--speed",
    "seed": "--seed",
}


def add_commands(app: typer.Typer) -> None:
    """Add what simulates to the command line."""
    for command in (demo, ward, simulate, replay):
        app.command()(command)


def demo(
    seconds: Seconds = None,
    speed: Speed = 1.0,
    scenario: ScenarioName = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Open no browser. There is no page yet: nothing is opened.")
    ] = False,
    mqtt_port: Annotated[int | None, typer.Option(help="Default: 1883, or a free one.", min=1, max=65535)] = None,
    http_port: Annotated[
        int | None, typer.Option(help="Kept for a page; nothing listens there yet.", min=1, max=65535)
    ] = None,
) -> None:
    """Show a simulated ward, a broker, the gateway and a live table; no hardware, no set-up.

    Ends all of them on Ctrl-C. Example: onlooker demo --speed 20 --scenario S9
    """
    from simulators.demo import demo as play
    from simulators.host import HostError
    from simulators.scenario import SCENARIOS

    if scenario is not None and scenario not in SCENARIOS:
        _wrong_use(f"no scenario {scenario!r}; there are {', '.join(SCENARIOS)}")
    try:
        code = play(seconds, speed, scenario, mqtt_port)
    except HostError as error:
        _fault(str(error))
    raise typer.Exit(code)


def ward(
    file: WardFile,
    speed: Annotated[float | None, typer.Option(help="Instead of the file's.", min=0.01)] = None,
    scenario: ScenarioName = None,
    write_config: ConfigFile = None,
    mqtt_port: MqttPort = 0,
    seconds: Seconds = None,
    as_json: AsJson = False,
) -> None:
    """Simulate a whole clinic on ptys and sockets, until Ctrl-C.

    Exit code 1 if a gateway told a device what it may not say. Example:

    onlooker ward config/ward.example.yaml --write-config gateway.yaml
    """
    from simulators.registry import installed
    from simulators.ward_file import WardError, load

    try:
        plan = load(file.read_text(encoding="utf-8"), str(file), installed())
    except WardError as error:
        _fault(str(error))
    except UnicodeDecodeError:
        _fault(f"{file}: is not UTF-8 text; name a ward file (YAML)")
    _host(plan, speed, scenario, write_config, mqtt_port, seconds, as_json)


def simulate(
    family: Annotated[str, typer.Argument(help="As onlooker families lists them.")],
    port: PortText = "",
    settings: Annotated[
        list[str],
        typer.Option("--set", help="A setting of the simulator; a wrong name lists them.", metavar="KEY=VALUE"),
    ] = [],  # noqa: B006  # Typer copies it
    key: Annotated[list[str], typer.Option(help="How the device is told apart on its link: slot, EUI-64, bed.")] = [],  # noqa: B006
    speed: Speed = 1.0,
    scenario: ScenarioName = None,
    begin_min: Annotated[float | None, typer.Option(help="Minute of the visit to begin at.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another patient's noise.")] = 1,
    write_config: ConfigFile = None,
    mqtt_port: MqttPort = 0,
    seconds: Seconds = None,
    as_json: AsJson = False,
) -> None:
    """Simulate one device with its patient, until Ctrl-C.

    Exit code 1 if a gateway told it what it may not say. Example:

    onlooker simulate masimo --port pty:/tmp/monitor --scenario S6 --write-config gateway.yaml
    """
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
        _wrong_use("\n".join(_as_option(line) for line in str(error).splitlines()))
    _host(plan, None, None, write_config, mqtt_port, seconds, as_json)


def replay(
    file: Recorded,
    port: PortText = "pty",
    speed: Annotated[float, typer.Option(help="Times as fast.", min=0.01)] = 1.0,
    seconds: Seconds = None,
    as_json: AsJson = False,
) -> None:
    """Say a recording again; the clock starts when somebody opens the port.

    Example: onlooker replay monitor.jsonl --port tcp://127.0.0.1:4001
    """
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
        _fault(str(error))


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
        _fault(str(error))
    raise typer.Exit(code)


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        _wrong_use(f"--set {text}: write KEY=VALUE")
    return name, value


def _as_option(fault: str) -> str:
    """Say a fault of the made-up ward file as one of the options that it came from."""
    _, _, said = fault.partition(": ")
    for place, option in _OPTIONS.items():
        if said.startswith(place):
            return f"{option}{said.removeprefix(place)}"
    return said


def _fault(message: str) -> NoReturn:
    _complain(message)
    raise typer.Exit(1)


def _wrong_use(message: str) -> NoReturn:
    _complain(message)
    raise typer.Exit(2)


def _complain(message: str) -> None:
    for line in message.splitlines():
        typer.echo(f"onlooker: {line}", err=True)
