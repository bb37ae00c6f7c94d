"""A ward as a person writes it: stations, and the devices at each. Every fault is found at once, with its line."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from simulators.api import Simulator
from simulators.physiology import Person
from simulators.ports import Address, parse
from simulators.registry import Registry, SimulatorError
from simulators.scenario import FIRST_MIN, LAST_MIN, SCENARIOS, Scenario
from simulators.wire import Faults

Loc: TypeAlias = tuple[str | int, ...]
Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-][A-Za-z0-9_-]*$", max_length=64)]
Seconds: TypeAlias = Annotated[float, Field(ge=0.0, le=30.0, allow_inf_nan=False)]
Chance: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Windows: TypeAlias = tuple[tuple[Annotated[float, Field(ge=0.0)], Annotated[float, Field(ge=0.0)]], ...]

MAX_DEVICES: Final = 1000  # more would need a machine of their own

# Kind of pydantic error -> what a person must know.
_WORDS: Final[Mapping[str, str]] = {
    "extra_forbidden": "unknown key",
    "missing": "is missing",
    "string_pattern_mismatch": "use letters, digits, - and _, not beginning with _",
}


class WardError(Exception):
    """A ward file can't be used. One line for each fault: place, key, what is wrong."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """One fault of a ward file."""

    place: tuple[int, int]  # line and column, from 1
    key: str
    message: str

    def in_file(self, file: str) -> str:
        """Say it to a person."""
        line, column = self.place
        return f"{file}:{line}:{column}: {self.key + ': ' if self.key else ''}{self.message}"


class Section(BaseModel):
    """A part of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, coerce_numbers_to_str=True)


def _wrong(message: str) -> PydanticCustomError:
    return PydanticCustomError("ward", "{message}", {"message": message})


def _simulator(value: object, info: ValidationInfo) -> Simulator:
    assert isinstance(info.context, Registry)
    try:
        return info.context.get(str(value))
    except SimulatorError as error:
        raise _wrong(str(error)) from None


def _address(value: object, info: ValidationInfo) -> Address:
    try:
        address = parse(str(value))
    except ValueError as error:
        raise _wrong(str(error)) from None
    simulator: Simulator | None = info.data.get("family")
    if simulator is not None and address.kind not in simulator.ports:
        raise _wrong(f"{simulator.name} has no {address.kind} port, only {', '.join(simulator.ports)}")
    return address


def _settings(value: object, info: ValidationInfo) -> Any:
    """Give the simulator's settings: its own dataclass, with what was said in it."""
    simulator: Simulator | None = info.data.get("family")
    return None if simulator is None else _filled(simulator.settings, value, simulator.name)


def _filled(kind: type[Any], value: object, owner: str) -> Any:
    """Give a dataclass with what was said in it."""
    known = kind.__dataclass_fields__
    if not isinstance(value, dict):
        raise _wrong("must be a mapping: {name: value}")
    if unknown := sorted(str(name) for name in value if name not in known):
        raise _wrong(f"{owner} has no {', '.join(unknown)}; it has {', '.join(known) or 'no settings'}")
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        said = [f"{'.'.join(map(str, detail['loc']))}: {_said(detail)}" for detail in error.errors()]
        raise _wrong("; ".join(said)) from None


def _scenario(value: object) -> tuple[Scenario, ...]:
    if str(value) not in SCENARIOS:
        raise _wrong(f"no scenario {value!r}; there are {', '.join(SCENARIOS)}")
    return SCENARIOS[str(value)]


def _person(value: object) -> dict[str, Any]:
    person = asdict(_filled(Person, value, "a person"))
    return {name: person[name] for name in value} if isinstance(value, dict) else {}


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (OSError, ValueError, KeyError):
        raise _wrong(f"unknown time zone {value!r}; write a name such as Europe/Berlin") from None


class FaultsSection(Section):
    """What is wrong with a cable."""

    byte_at_a_time: bool = False
    delay_s: Seconds = 0.0
    jitter_s: Seconds = 0.0
    baud: int = Field(default=0, ge=0)
    loss: Chance = 0.0
    corruption: Chance = 0.0
    out: Windows = ()
    harmed: Windows = ()
    unplugged: Windows = ()

    def on_the_wire(self) -> Faults:
        """Give what happens between the plugs."""
        said = self.model_dump(exclude={"unplugged"})
        return Faults(**said)


class LinkSection(Section):
    """What the gateway's configuration shall say about this link."""

    settings: dict[str, Any] = {}
    waveforms: tuple[Name, ...] = ()
    silent_after_s: float | None = Field(default=None, gt=0.0)


class DeviceSection(Section):
    """One simulated device."""

    family: Annotated[Simulator, PlainValidator(_simulator)]
    port: Annotated[Address, PlainValidator(_address)]
    settings: Annotated[Any, PlainValidator(_settings)] = Field(default={}, validate_default=True)
    keys: dict[Annotated[str, StringConstraints(min_length=1, max_length=256)], Name] = {}
    faults: FaultsSection = FaultsSection()
    link: LinkSection = LinkSection()


class StationSection(Section):
    """One chair: a patient, pumps, devices."""

    scenario: Annotated[tuple[Scenario, ...], PlainValidator(_scenario)] = SCENARIOS["S1"]
    begin_min: float | None = Field(default=None, ge=FIRST_MIN, lt=LAST_MIN)
    person: Annotated[dict[str, Any], PlainValidator(_person)] = {}
    slots: tuple[Annotated[str, StringConstraints(min_length=1, max_length=8)], ...] = ("11",)
    clock_fast_s: float = Field(default=0.0, allow_inf_nan=False)
    devices: dict[Name, DeviceSection] = Field(min_length=1)


class WardSection(Section):
    """A simulated clinic."""

    site: Name = "demo"
    gateway: Name = "gw1"
    timezone: Annotated[ZoneInfo, PlainValidator(_zone)] = ZoneInfo("UTC")
    speed: float = Field(default=1.0, gt=0.0, le=1000.0)
    seed: int = 1
    stations: dict[Name, StationSection] = Field(min_length=1)

    @property
    def devices(self) -> Iterator[tuple[str, str, DeviceSection]]:
        """Give all devices: station, name, section."""
        for station, section in self.stations.items():
            for name, device in section.devices.items():
                yield station, name, device


def load(text: str, file: str, registry: Registry) -> WardSection:
    """Read a ward file. Raises WardError with all faults."""
    try:
        data = YAML(typ="safe", pure=True).load(text)
        node = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise WardError(Misfit(place, "", f"not YAML: {error.problem}").in_file(file)) from None
    except YAMLError as error:
        raise WardError(Misfit((1, 1), "", f"not YAML: {error}").in_file(file)) from None
    return check(data, file, registry, node)


def check(data: object, file: str, registry: Registry, node: Node | None = None) -> WardSection:
    """Judge a ward's data. Raises WardError with all faults."""
    try:
        ward = WardSection.model_validate(data, context=registry)
    except ValidationError as error:
        faults = [(_trimmed(detail["loc"]), _said(detail)) for detail in error.errors()]
    else:
        faults = list(_crossed(ward))
        if not faults:
            return ward
    misfits = [Misfit(_place(node, loc), ".".join(map(str, loc)), message) for loc, message in faults]
    raise WardError("\n".join(misfit.in_file(file) for misfit in sorted(misfits, key=lambda misfit: misfit.place)))


def _crossed(ward: WardSection) -> Iterator[tuple[Loc, str]]:
    """Find what only shows when all devices are seen together."""
    devices = list(ward.devices)
    if len(devices) > MAX_DEVICES:
        yield ("stations",), f"{len(devices)} devices are too many for one ward; at most {MAX_DEVICES}"
    names: dict[str, str] = {}
    places: dict[Address, str] = {}
    shared: dict[tuple[str, Address], DeviceSection] = {}
    for station, name, device in devices:
        loc = ("stations", station, "devices", name)
        is_shared = device.port.kind == "dial" and device.keys  # then only what has a key is published
        for said, where in ((name, loc), *((given, (*loc, "keys", key)) for key, given in device.keys.items())):
            if said in names and not (is_shared and said == name):
                yield where, f"the name {said} is taken, by {names[said]}; a device's name is unique in its site"
            names.setdefault(said, ".".join(map(str, where)))
        if device.port.kind == "dial":
            first = shared.setdefault((device.family.name, device.port), device)
            if first.link != device.link:
                yield (*loc, "link"), "devices that dial one port share its link: say the same for each"
            if first is not device and not (first.keys and device.keys):
                yield (*loc, "port"), "devices that dial one port need keys to be told apart"
        elif (device.port.port or device.port.path) and device.port in places:
            yield (*loc, "port"), f"this port is taken, by {places[device.port]}"
        places.setdefault(device.port, name)


def _trimmed(loc: Loc) -> Loc:
    """Leave out what pydantic adds to a place."""
    return loc[:-1] if loc[-1:] == ("[key]",) else loc


def _said(detail: ErrorDetails) -> str:
    return _WORDS.get(detail["type"], detail["msg"][:1].lower() + detail["msg"][1:])


def _place(node: Node | None, loc: Loc) -> tuple[int, int]:
    """Give line and column of what a fault is about, or of the nearest thing around it."""
    place = (1, 1)
    for step in loc:
        if isinstance(node, MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(step)]
            if not found:
                break
            place, node = _start(found[0][0]), found[0][1]
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            place = _start(node)
        else:
            break
    return place


def _start(node: Any) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
