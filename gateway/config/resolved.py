"""The configuration as the gateway uses it: defaults filled in, families found, secrets read."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from drivers.api import Family, Line
from gateway.config.broker import BrokerScheme, BrokerSection, MqttVersion
from gateway.config.faults import at, faults_of
from gateway.config.file import File, LinkSection, Mode
from gateway.config.located_yaml import Document, Loc, Value, parse
from gateway.config.port import line_in_url
from gateway.config.port_url import PortUrl, UrlError
from gateway.config.port_url import parse as parse_port
from gateway.config.rules import Surroundings
from gateway.errors import ConfigError, Fault
from gateway.registry import Registry

MAX_SIZE: Final = 4 * 1024 * 1024  # ten thousand links; anything larger is another file


@dataclass(frozen=True, slots=True)
class Broker:
    """Where to publish, and as whom."""

    scheme: BrokerScheme
    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    version: MqttVersion = "3.1.1"
    keepalive_s: int = 5
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    client_id: str = "onlooker"


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """Where messages wait, and how many for how long."""

    path: Path
    max_mib: int = 4096
    max_days: float = 30


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """What a device is called, and where it stands."""

    device: str
    station: str = "unassigned"


@dataclass(frozen=True, slots=True)
class LinkConfig:
    """One link."""

    name: str
    family: Family
    port: PortUrl
    settings: object  # an instance of the family's settings
    device: str
    station: str
    devices: Mapping[str, DeviceConfig]
    accept_risk: str
    waveforms: frozenset[str]
    silent_after_s: float
    timezone: ZoneInfo
    line: Line


@dataclass(frozen=True, slots=True)
class Config:
    """One gateway."""

    site: str
    gateway: str
    mode: Mode
    timezone: ZoneInfo
    broker: Broker
    outbox: OutboxLimits
    links: Mapping[str, LinkConfig]

    @property
    def simulated(self) -> bool:
        """Whether everything that is published must say so."""
        return self.mode == "test"

    @property
    def root(self) -> Literal["onlooker/v1", "onlooker-test/v1"]:
        """The first levels of each topic."""
        return "onlooker-test/v1" if self.simulated else "onlooker/v1"


def load(path: Path, registry: Registry, environment: Mapping[str, str] | None = None) -> Config:
    """Read a configuration; nothing is opened. Raises ConfigError with all faults."""
    document = parse(_read(path))
    mode = document.data.get("mode") if isinstance(document.data, dict) else None
    surroundings = Surroundings(
        registry, path.absolute().parent, mode, os.environ if environment is None else environment
    )
    faults = [
        Fault(str(path), *fault.place, ".".join(map(str, fault.loc)), fault.message, fault.remedy)
        for fault in document.faults
    ]
    if document.data is None and faults:
        raise ConfigError(faults)
    try:
        file = File.model_validate(document.data or {}, context=surroundings)
    except ValidationError as error:
        faults += faults_of(error, str(path), document)
    faults += _faults_between_links(str(path), document)
    if faults:
        raise ConfigError(sorted(faults, key=lambda fault: (fault.line, fault.column)))
    return _config(file)


def schema() -> dict[str, object]:
    """Give the JSON Schema of the file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **File.model_json_schema()}


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError([_whole(path, f"can't be read: {error.strerror}", "mend the path or its rights")]) from error
    if len(data) > MAX_SIZE:
        raise ConfigError([_whole(path, f"is larger than {MAX_SIZE} bytes", "name a configuration")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError([Fault(str(path), line, 0, "", "is not UTF-8 text", "save it as UTF-8")]) from error


def _whole(path: Path, message: str, remedy: str) -> Fault:
    return Fault(str(path), 0, 0, "", message, remedy)


# Between links: read from the text as it stands, so that a fault in one link hides none between others.


def _faults_between_links(file: str, document: Document) -> Iterator[Fault]:
    links = document.data.get("links") if isinstance(document.data, dict) else None
    if not isinstance(links, dict):
        return
    names: dict[str, Loc] = {}
    for name, loc in _device_names(links):
        if name in names:
            line = document.place(names[name], of_key=True).line
            message = f"device {name} stands in line {line} already"
            yield at(
                loc, file, document, message, "give each device of the site a name of its own", of_key=len(loc) == 2
            )
        names.setdefault(name, loc)
    yield from _faults_between_ports(file, document, links)


def _device_names(links: Mapping[str, Value]) -> Iterator[tuple[str, Loc]]:
    for link, said in links.items():
        if not isinstance(said, dict):
            continue
        own = said.get("device")
        yield (own, ("links", link, "device")) if isinstance(own, str) else (link, ("links", link))
        devices = said.get("devices")
        for key, device in devices.items() if isinstance(devices, dict) else ():
            name = device.get("device") if isinstance(device, dict) else None
            if isinstance(name, str):
                yield name, ("links", link, "devices", key, "device")


def _faults_between_ports(file: str, document: Document, links: Mapping[str, Value]) -> Iterator[Fault]:
    taken: list[tuple[str, PortUrl]] = []
    for link, said in links.items():
        text = said.get("port") if isinstance(said, dict) else None
        try:
            port = parse_port(text) if isinstance(text, str) else None
        except UrlError:
            continue
        if port is None:
            continue
        for other, its_port in taken:
            if port.takes_the_same_as(its_port):
                message = f"link {other} has this port already"
                remedy = "a port has one reader: use another, or put its devices below one link"
                yield at(("links", link, "port"), file, document, message, remedy)
        taken.append((link, port))


# From the file to what the gateway uses


def _config(file: File) -> Config:
    return Config(
        site=file.site,
        gateway=file.gateway,
        mode=file.mode,
        timezone=file.timezone,
        broker=_broker(file.broker, f"onlooker-{file.site}-{file.gateway}"),
        outbox=OutboxLimits(file.outbox.path, file.outbox.max_mib, file.outbox.max_days),
        links={name: _link(name, link, file.timezone) for name, link in file.links.items()},
    )


def _broker(section: BrokerSection, client_id: str) -> Broker:
    secret = section.password_file or section.password_env
    return Broker(
        scheme=section.url.scheme,
        host=section.url.host,
        port=section.url.port,
        user=section.user,
        password=secret.get_secret_value() if secret else None,
        version=section.version,
        keepalive_s=section.keepalive_s,
        ca_file=section.ca_file,
        cert_file=section.cert_file,
        key_file=section.key_file,
        client_id=section.client_id or client_id,
    )


def _link(name: str, link: LinkSection, timezone: ZoneInfo) -> LinkConfig:
    return LinkConfig(
        name=name,
        family=link.family,
        port=link.port,
        settings=link.settings,
        device=link.device or name,
        station=link.station,
        devices={key: DeviceConfig(said.device, said.station) for key, said in link.devices.items()},
        accept_risk=link.accept_risk,
        waveforms=link.waveforms,
        silent_after_s=link.silent_after_s or link.family.silent_after_s,
        timezone=link.timezone or timezone,
        line=replace(link.family.line, **line_in_url(link.port), **link.line.said()),
    )
