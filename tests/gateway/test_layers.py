"""What imports can't see, or what an operator of the checks would not notice: the layers as they really are."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: absolute imports only"
            yield node.module or ""


def families() -> list[str]:
    return sorted(
        path.name for path in (ROOT / "drivers").iterdir() if (path / "__init__.py").is_file() and path.name != "common"
    )


def test_there_is_something_to_look_at() -> None:
    assert len(modules("gateway")) > 15
    assert len(modules("drivers")) > 10
    assert families()


@pytest.mark.parametrize("package", ["drivers", "gateway", "simulators"])
def test_who_knows_whom(package: str) -> None:
    foreign = {
        "drivers": {"gateway", "simulators", "tests"},
        "gateway": {"simulators", "tests"},
        "simulators": {"gateway", "tests"},
    }
    for path in modules(package):
        assert not {name.split(".")[0] for name in imports(path)} & foreign[package], path


def test_the_gateway_names_no_family() -> None:
    for path in modules("gateway"):
        known = {name for name in imports(path) if name.startswith("drivers")}
        assert known <= {"drivers", "drivers.api", "drivers.vocabulary", "drivers.capture"}, path
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        assert not said & {*families()}, f"{path} knows a family by name"


def test_drivers_import_nothing_that_could_reach_the_world() -> None:
    pure = {
        "abc", "array", "binascii", "bisect", "codecs", "collections", "contextlib", "copy", "dataclasses", "datetime",
        "decimal", "drivers", "enum", "fractions", "functools", "hashlib", "itertools", "json", "math", "operator",
        "re", "string", "struct", "types", "typing", "unicodedata", "zoneinfo", "__future__", "heapq", "zlib", "base64",
    }  # fmt: skip
    for path in modules("drivers"):
        assert {name.split(".")[0] for name in imports(path)} <= pure, path


@pytest.mark.parametrize(
    ("library", "owners"),
    [
        ("serialx", {"gateway/transport.py"}),
        ("aiomqtt", {"gateway/watch"}),
        ("sqlite3", {"gateway/store.py"}),
        ("socket", {"gateway/transport.py", "gateway/broker.py"}),
    ],
)
def test_one_module_speaks_to_each_part_of_the_world(library: str, owners: set[str]) -> None:
    users = {path.relative_to(ROOT).as_posix() for path in modules("gateway") if library in {*imports(path)}}
    assert all(any(user.startswith(owner) for owner in owners) for user in users), users


def test_there_is_one_place_that_makes_the_parts() -> None:
    parts = {"Outbox", "Publisher", "Normaliser", "Roster", "Supervisor", "Clock"}
    for path in modules("gateway"):
        if path.name == "app.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in parts, f"{path} makes a {node.func.id}"


def test_nothing_is_registered_by_being_imported() -> None:
    for package in ("gateway", "drivers", "simulators"):
        for path in modules(package):
            if path.name in ("cli.py", "commands.py"):
                continue  # Typer's way: the command line is put together where it stands
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                assert not isinstance(node, ast.Global | ast.For | ast.While | ast.With), path
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                    raise AssertionError(f"{path}:{node.lineno} does something on import")


def test_nothing_runs_text_as_code() -> None:
    for package in ("gateway", "drivers", "simulators"):
        for path in modules(package):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    assert node.func.id not in {"eval", "exec", "compile", "__import__"}, path


def test_the_contracts_that_the_checks_enforce_are_all_there() -> None:
    said = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert said["root_packages"] == ["gateway", "drivers", "simulators"]
    kinds = [contract["type"] for contract in said["contracts"]]
    assert kinds.count("forbidden") >= 4
    assert {"layers", "independence", "protected"} <= {*kinds}
