"""What a broker's messages say now: a pure model, fed with messages and asked with a time.

It knows the published contract and nothing else, and takes no message on trust. A value is current only while its
device delivers, its status hasn't expired, its gateway is online, and it is renewed in its own rhythm.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.watch.messages import Json, moment, read, scalar, text, what
from gateway.watch.rhythm import Value
from gateway.watch.view import AlarmCell, Cell, GatewayRow, Happened, Row, View
from gateway.watch.words import LABELS, clean

ROOTS: Final = ("onlooker/v1", "onlooker-test/v1")

MAX_DEVICES: Final = 1000  # beyond what a person can watch; a hostile broker could name more
MAX_VALUES: Final = 200  # for one device
MAX_ALARMS: Final = 20
MAX_EVENTS: Final = 100


@dataclass(slots=True)
class _Device:
    root: str
    site: str
    station: str
    name: str
    gateway: str = ""
    family: str = ""
    simulated: bool = False
    status: Json | None = None
    values: dict[tuple[str, str], Value] = field(default_factory=dict)
    alarms: dict[tuple[str, str, str], tuple[float, str]] = field(default_factory=dict)
    heard: int = 0


@dataclass(slots=True)
class _Gateway:
    root: str
    site: str
    name: str
    status: Json = field(default_factory=dict)
    delays: deque[float] = field(default_factory=lambda: deque(maxlen=32))  # arrival minus stamp, of live messages

    def clock(self, now: float) -> float:
        """Its time now. The shortest delay is the difference of the clocks; the others waited somewhere."""
        return now - min(self.delays, default=0.0)


class Board:
    """Takes messages, and says at any time what is current."""

    def __init__(self, roots: Sequence[str] = ROOTS) -> None:
        self._roots = tuple(root.strip("/") for root in roots)
        self._devices: dict[tuple[str, ...], _Device] = {}
        self._gateways: dict[tuple[str, str, str], _Gateway] = {}
        self._events: deque[Happened] = deque(maxlen=MAX_EVENTS)
        self._event_ids: deque[str] = deque(maxlen=MAX_EVENTS)
        self._event_count = 0
        self._not_understood = 0

    def feed(self, topic: str, payload: bytes, now: float, *, retained: bool = False) -> None:
        """Take one message. Never raises: what isn't understood is counted."""
        root = next((root for root in self._roots if topic.startswith(f"{root}/")), None)
        parts = topic[len(root) + 1 :].split("/") if root is not None else []
        said = read(payload)
        if root is None or len(parts) != 4 or said is None:
            self._not_understood += 1
            return
        site, station, name, kind = map(clean, parts)
        if station == "_gateway":
            self._gateway_status(root, site, name, said, None if retained else now)
        elif device := self._device(root, site, station, name):
            self._take(device, kind, said, None if retained else now)

    def _device(self, root: str, site: str, station: str, name: str) -> _Device | None:
        key = (root, site, station, name)
        if key not in self._devices and len(self._devices) >= MAX_DEVICES:
            self._not_understood += 1
            return None
        return self._devices.setdefault(key, _Device(*key))

    def _take(self, device: _Device, kind: str, said: Json, arrived: float | None) -> None:
        if kind == "status" and not said:  # the empty retained message: forget it
            self._devices.pop((device.root, device.site, device.station, device.name), None)
            return
        device.gateway = text(said, "gateway")
        device.family = text(said, "family")
        device.simulated = said.get("simulated") is not False or device.root.startswith("onlooker-test/")
        match kind:
            case "observations":
                self._observations(device, said, arrived)
            case "events":
                self._event(device, said, arrived)
            case "status":
                if moment(said, "sent_at") >= moment(device.status or {}, "sent_at"):
                    device.status = said
                self._learn_clock(device, moment(said, "sent_at"), arrived)
            case _:
                self._not_understood += 1

    def _learn_clock(self, device: _Device, stamp: float, arrived: float | None) -> None:
        if arrived is not None and stamp:
            self._gateway(device.root, device.site, device.gateway).delays.append(arrived - stamp)

    def _gateway(self, root: str, site: str, name: str) -> _Gateway:
        key = (root, site, name)
        if key not in self._gateways and len(self._gateways) >= MAX_DEVICES:
            return _Gateway(*key)
        return self._gateways.setdefault(key, _Gateway(*key))

    def _gateway_status(self, root: str, site: str, name: str, said: Json, arrived: float | None) -> None:
        if not said:
            self._gateways.pop((root, site, name), None)
            return
        gateway = self._gateway(root, site, name)
        gateway.status = said
        sent_at = moment(said, "sent_at")  # a last will was written before its time, and names none
        if arrived is not None and sent_at and said.get("state") == "online":
            gateway.delays.append(arrived - sent_at)

    # Observations

    def _observations(self, device: _Device, said: Json, arrived: float | None) -> None:
        received, historical = moment(said, "received_at"), said.get("historical") is not False
        observations = said.get("observations")
        if not received or not isinstance(observations, list):
            self._not_understood += 1
            return
        device.heard += 1
        if not historical:
            self._learn_clock(device, received, arrived)
        for one in observations:
            if isinstance(one, dict) and isinstance(one.get("metric"), str):
                self._observe(device, one, received, historical)

    def _observe(self, device: _Device, one: Json, received: float, historical: bool) -> None:
        source = text(one, "source")
        key = (one["metric"], f"{source} {text(one, 'name')}" if one["metric"] == "unmapped" else source)
        before = device.values.get(key)
        if before is None and len(device.values) >= MAX_VALUES:
            return
        if before is not None and not before.gives_way_to(received, historical):
            return
        rhythm = received - before.received if before is not None and not historical else None
        was_true = moment(one, "measured_at") or received
        device.values[key] = Value(one, received, was_true, rhythm, "device_time" in one, historical)

    # Events

    def _event(self, device: _Device, said: Json, arrived: float | None) -> None:
        at, ident = moment(said, "received_at"), text(said, "id")
        if not at or ident in self._event_ids:  # sent again after a broken connection
            return
        self._event_ids.append(ident)
        historical = said.get("historical") is not False
        if not historical:
            self._learn_clock(device, at, arrived)
        self._event_count += 1
        event, phase = text(said, "event"), text(said, "phase")
        if event == "alarm":
            _move_alarm(device, said, phase, at)
        self._events.append(
            Happened(
                self._event_count, at, device.site, device.station, device.name, event, phase, what(said),
                device.simulated, historical,
            )
        )  # fmt: skip

    # The view

    def view(self, now: float, *, is_connected: bool = True) -> View:
        """Say what is current. Without a connection, nothing is."""
        rows = [self._row(device, now, is_connected) for device in self._devices.values()]
        return View(
            rows=tuple(sorted(rows, key=lambda row: (row.site, row.station, row.device, row.root))),
            gateways=tuple(self._gateway_row(self._gateways[key], now, is_connected) for key in sorted(self._gateways)),
            events=tuple(self._events),
            not_understood=self._not_understood,
        )

    def _row(self, device: _Device, now: float, is_connected: bool) -> Row:
        gateway = self._gateway_of(device)
        clock = gateway.clock(now) if gateway else now
        status = device.status or {}
        why_not = "not connected" if not is_connected else _why_not(status, gateway, clock)
        cells = tuple(_cells(device, clock, is_current=not why_not))
        since = moment(status, "since")
        return Row(
            device.root, device.site, device.station, device.name, device.family,
            state=text(status, "state") or "unknown",
            state_s=_age(clock, since) if since else 0.0,
            is_current=not why_not,
            why_not=why_not,
            simulated=device.simulated,
            cells=cells,
            more=len(device.values) - len(cells),
            alarms=tuple(
                AlarmCell(code, text, priority, source, _age(clock, began))
                for (code, source, text), (began, priority) in device.alarms.items()
            ),
            heard=device.heard,
        )  # fmt: skip

    def _gateway_of(self, device: _Device) -> _Gateway | None:
        """A device's own test data stand below the test root, their gateway's status below the other."""
        keys = ((root, device.site, device.gateway) for root in (device.root, *self._roots))
        found = [self._gateways[key] for key in keys if key in self._gateways]
        return next((gateway for gateway in found if gateway.status), found[0] if found else None)

    def _gateway_row(self, gateway: _Gateway, now: float, is_connected: bool) -> GatewayRow:
        status = gateway.status
        depth = status.get("outbox_depth")
        is_online = status.get("state") == "online"
        is_expired = is_online and _is_past(status, "expires_at", gateway.clock(now))
        return GatewayRow(
            gateway.root, gateway.site, gateway.name,
            state="expired" if is_expired else text(status, "state") or "unknown",
            is_current=is_connected and is_online and not is_expired,
            version=text(status, "version"),
            outbox_depth=depth if isinstance(depth, int) else None,
            dropped=_total(status.get("dropped")),
            refused=_total(status.get("refused")),
            clock_ahead_s=round(gateway.clock(now) - now, 3),
            simulated=status.get("simulated") is not False,
        )  # fmt: skip


def _total(counts: object) -> int:
    return sum(count for count in counts.values() if isinstance(count, int)) if isinstance(counts, dict) else 0


def _age(clock: float, moment: float) -> float:
    return round(max(clock - moment, 0.0), 3)


def _why_not(status: Json, gateway: _Gateway | None, clock: float) -> str:
    """Say why nothing of a device is current; empty: its values may be."""
    if not status:
        return "no status yet"
    if gateway is None or not gateway.status:
        return "gateway unknown"
    if gateway.status.get("state") != "online":
        return "gateway offline"
    if _is_past(gateway.status, "expires_at", clock) or _is_past(status, "expires_at", clock):
        return "status expired"
    state = text(status, "state")
    return "" if state == "delivering" else state or "state unknown"


def _is_past(status: Json, name: str, clock: float) -> bool:
    """A status that names no end is past it; only the gateway's last will is so, and it says offline."""
    return clock > moment(status, name)


def _cells(device: _Device, clock: float, *, is_current: bool) -> Iterator[Cell]:
    for metric in LABELS:
        for (its_metric, source), value in device.values.items():
            if its_metric != metric:
                continue
            age = _age(clock, value.was_true)
            validity = text(value.said, "validity")
            yield Cell(
                metric=metric,
                value=scalar(value.said, "value") if validity in ("valid", "questionable") else None,
                unit=text(value.said, "unit"),
                validity=validity,
                reason=text(value.said, "reason"),
                source=source,
                age_s=age,
                is_current=is_current and not value.historical and clock - value.received <= value.due_s() >= age,
            )


def _move_alarm(device: _Device, said: Json, phase: str, at: float) -> None:
    key = (text(said, "code"), text(said, "source"), text(said, "text"))
    if phase == "end":
        device.alarms.pop(key, None)
    elif key in device.alarms or len(device.alarms) < MAX_ALARMS:
        began = device.alarms[key][0] if key in device.alarms else at
        device.alarms[key] = (began, text(said, "priority"))
