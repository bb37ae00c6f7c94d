"""The messages on MQTT: one pydantic model per kind. `docs/schema/` is generated from here.

Within v1 changes are additive only.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from drivers.vocabulary import AlarmCode, EventKind, Metric, Phase, Priority, Reason, Validity

Utc = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", description="UTC, microseconds")]
DeviceTime = Annotated[
    str, Field(description="ISO 8601 as the device said it, uncorrected; no zone where it said none")
]
Historical = Annotated[bool, Field(description="not news when sent; only this may differ in a resend; the last field")]
Segment = Annotated[str, Field(pattern=r"^[A-Za-z0-9-][A-Za-z0-9_-]*$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mdc(_Model):
    """An ISO/IEEE 11073-10101 term."""

    code: int | None = Field(description="context-free number")
    refid: str


class Observation(_Model):
    """One value as one device said it."""

    metric: Metric
    value: float | int | str | None
    unit: str | None = Field(description="UCUM, the device's own")
    validity: Validity
    reason: Reason | None
    mdc: Mdc | None
    loinc: str | None
    name: str = Field(description="the device's own word for the parameter")
    raw: str = Field(description="the device's own text of the value")
    source: str = Field(description="channel or slot of the device")


class TimedObservation(Observation):
    """A value with a time of its own, such as NIBP: when the cuff measured."""

    device_time: DeviceTime
    measured_at: Utc | None = Field(
        description="the same moment by the gateway's clock; null while the offset is unknown"
    )


class _Place(_Model):
    schema_: str = Field(alias="schema")
    gateway: Segment
    site: Segment
    station: Segment
    device: Segment
    family: str


class _Message(_Place):
    stream: str = Field(description="random; a new outbox file begins new streams")
    seq: int = Field(ge=1, description="+1 each in its stream, across restarts")
    id: str = Field(description="stream:seq, the same in every resend")
    received_at: Utc
    device_time: DeviceTime | None
    clock_offset_s: float | None = Field(description="device minus gateway, estimated")
    simulated: bool


class Observations(_Message):
    """What one device said at one moment."""

    schema_: Literal["onlooker.observations/1"] = Field(alias="schema")
    observations: list[TimedObservation | Observation]
    historical: Historical


class Happened(_Model):
    """What makes an event an event."""

    event: EventKind
    phase: Phase | None
    origin: Literal["device", "gateway"]
    not_before: Utc | None = Field(description="when last known otherwise")
    from_: float | int | str | None = Field(alias="from")
    to: float | int | str | None
    code: AlarmCode | None
    priority: Priority | None
    mdc: Mdc | None
    text: str
    source: str
    raw: str


class Event(Happened, _Message):
    """A change between two states, or one that the device announced."""

    schema_: Literal["onlooker.event/1"] = Field(alias="schema")
    historical: Historical


class Samples(_Model):
    """What makes a waveform block."""

    metric: Metric
    name: str
    unit: str | None
    period_s: float
    samples: list[float | None]
    validity: Validity


class Waveform(Samples, _Message):
    """Equally spaced samples; only where configured, at most once."""

    schema_: Literal["onlooker.waveform/1"] = Field(alias="schema")
    historical: Historical


class Identity(_Model):
    """Who the device says it is."""

    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    dialect: str = ""


class Status(_Place):
    """One device's state; retained. Past `expires_at` nothing of the device is current."""

    schema_: Literal["onlooker.status/1"] = Field(alias="schema")
    state: Literal["connecting", "delivering", "silent", "damaged", "disconnected"]
    since: Utc
    sent_at: Utc
    expires_at: Utc
    last_data_at: Utc | None
    clock_offset_s: float | None
    simulated: bool
    identity: Identity
    counters: dict[str, int] = Field(description="messages, and damage by cause, since the gateway started")


class GatewayStatus(_Model):
    """The gateway's own state; retained, and its last will is `offline`."""

    schema_: Literal["onlooker.gateway/1"] = Field(alias="schema")
    gateway: Segment
    site: Segment
    state: Literal["online", "offline"]
    version: str
    simulated: bool
    sent_at: Utc | None = None
    expires_at: Utc | None = None
    outbox_depth: int | None = Field(default=None, description="messages not yet taken by the broker")
    outbox_bytes: int | None = None
    dropped: dict[str, int] = Field(default_factory=dict, description="messages given up, by cause, since the start")
    refused: dict[str, int] = Field(
        default_factory=dict, description="publications that the broker refused, by cause, since the start (MQTT 5)"
    )
    links: dict[str, str] = Field(default_factory=dict, description="each link's state")


KINDS: Final[dict[str, type[BaseModel]]] = {
    "observations": Observations,
    "event": Event,
    "status": Status,
    "waveform": Waveform,
    "gateway": GatewayStatus,
}


def schemas() -> dict[str, dict[str, Any]]:
    """Give the JSON Schema of each kind of message."""
    return {kind: model.model_json_schema(by_alias=True) for kind, model in KINDS.items()}


_CHANNELS: Final = {
    "observations": ("onlooker/v1/{site}/{station}/{device}/observations", 1, False),
    "event": ("onlooker/v1/{site}/{station}/{device}/events", 1, False),
    "status": ("onlooker/v1/{site}/{station}/{device}/status", 1, True),
    "waveform": ("onlooker/v1/{site}/{station}/{device}/waveforms/{name}", 0, False),
    "gateway": ("onlooker/v1/{site}/_gateway/{gateway}/status", 1, True),
}


def asyncapi() -> dict[str, Any]:
    """Give the AsyncAPI 3 document: who listens where, and what they get."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Onlooker",
            "version": "1.0.0",
            "description": "What the gateway publishes. In test mode the root is onlooker-test/v1.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {kind: _channel(kind, *_CHANNELS[kind]) for kind in KINDS},
        "operations": {f"send_{kind}": _operation(kind, *_CHANNELS[kind][1:]) for kind in KINDS},
        "components": {"messages": {kind: {"name": kind, "payload": {"$ref": f"{kind}.json"}} for kind in KINDS}},
    }


def _channel(kind: str, address: str, _qos: int, _retained: bool) -> dict[str, Any]:
    names = [part[1:-1] for part in address.split("/") if part.startswith("{")]
    message = {kind: {"$ref": f"#/components/messages/{kind}"}}
    return {"address": address, "parameters": {name: {} for name in names}, "messages": message}


def _operation(kind: str, qos: int, retained: bool) -> dict[str, Any]:
    bindings = {"mqtt": {"qos": qos, "retain": retained}}
    return {"action": "send", "channel": {"$ref": f"#/channels/{kind}"}, "bindings": bindings}
