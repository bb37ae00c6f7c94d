"""Proof 6: by syntax and imports, one place in the gateway writes towards a device, and drivers reach nothing."""

import ast
from collections.abc import Iterator
from dataclasses import fields
from typing import get_type_hints

from tests.prove.families import ROOT, family_of

GATEWAY, DRIVERS = ROOT / "gateway", ROOT / "drivers"
Place = tuple[str, str]  # module below gateway/ or drivers/, and the expression
WRITING = {"write", "writelines", "sendto", "send", "sendall", "sendmsg", "write_eof"}
# All that writes in the gateway. A new line here needs a reason beside it.
WRITERS: dict[Place, str] = {
    ("link.py", "self._port.write"): "the gate",
    ("link.py", "self._port.sendto"): "the gate",
    ("session.py", "self._transport.write"): "the broker, never a device",
    ("recorder.py", "self._file.write"): "a recording on disk",
    ("commands.py", "sys.stdout.write"): "the operator's terminal",
}
OPENING = {
    "create_connection", "create_server", "create_datagram_endpoint", "create_serial_connection", "open_connection",
    "open_serial_connection", "start_server", "create_unix_connection", "connect_write_pipe", "openpty",
}  # fmt: skip
OPENERS = {"transport.py": "devices", "publisher.py": "the broker", "broker.py": "the demo's own broker"}
LINE_CHANGES = {
    "set_modem_pins", "send_break", "sendbreak", "tcsendbreak", "setDTR", "setRTS", "set_break", "dtr", "rts",
}  # fmt: skip
PAST_PYTHON = {
    "os.write", "os.writev", "os.pwrite", "os.system", "os.popen", "os.sendfile", "fcntl.ioctl", "socket.socket",
}  # fmt: skip
CLOCKS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now",
    "datetime.datetime.utcnow", "datetime.date.today", "time.time", "time.monotonic", "time.perf_counter",
    "time.time_ns", "time.monotonic_ns", "time.sleep", "asyncio.sleep",
}  # fmt: skip
INWARDS = {"gateway.link", "gateway.supervisor", "gateway.transport", "gateway.roster", "drivers.api"}


def calls(package: str) -> Iterator[tuple[str, ast.Call]]:
    root = ROOT / package
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path.relative_to(root).as_posix(), node


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def test_bytes_leave_towards_a_device_in_one_place_only() -> None:
    found = {
        (path, called(node))
        for path, node in calls("gateway")
        if isinstance(node.func, ast.Attribute) and node.func.attr in WRITING
    }
    assert found <= WRITERS.keys(), "who writes here, and to whom?"
    assert {("link.py", "self._port.write"), ("link.py", "self._port.sendto")} <= found, "or this looks at nothing"


def test_ports_are_opened_in_one_place_only() -> None:
    found = {path for path, node in calls("gateway") if called(node).rsplit(".", 1)[-1] in OPENING}
    assert found <= OPENERS.keys()
    assert "transport.py" in found


def test_nothing_writes_past_python() -> None:
    for package in ("gateway", "drivers"):
        assert not [(path, called(node)) for path, node in calls(package) if called(node) in PAST_PYTHON]


def test_drivers_write_nothing_open_nothing_and_look_at_no_clock() -> None:
    found = [
        (path, name)
        for path, node in calls("drivers")
        if (name := called(node)) in CLOCKS or name.rsplit(".", 1)[-1] in WRITING | OPENING or name == "open"
    ]
    assert found == []


def test_the_line_is_set_once_on_opening_and_never_touched_again() -> None:
    for path in sorted(GATEWAY.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr not in LINE_CHANGES, path
            if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                assert not [t for t in targets if isinstance(t, ast.Attribute) and t.attr in LINE_CHANGES], path


def test_the_gateway_subscribes_to_nothing() -> None:
    found = {path for path, node in calls("gateway") if "subscribe" in called(node).lower()}
    assert {path for path in found if not path.startswith("watch/")} == set(), "no message may come in from the broker"


def test_nothing_that_comes_from_the_broker_has_a_way_to_a_link() -> None:
    for module in ("publisher.py", "session.py", "mqtt.py"):
        tree = ast.parse((GATEWAY / module).read_text(encoding="utf-8"))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        assert not imported & INWARDS, module


def test_no_request_takes_bytes_to_send(name: str) -> None:
    for request in family_of(name).requests:
        hints = get_type_hints(request)
        for field in fields(request):  # type: ignore[arg-type]  # a frozen dataclass, by the manifest's rules
            assert hints[field.name] not in (bytes, bytearray, memoryview, object), f"{request.__name__}.{field.name}"
