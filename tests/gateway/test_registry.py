from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from drivers.api import Family, Request
from gateway.errors import FamilyError
from gateway.registry import Registry, UnknownFamilyError, faults_of, installed, risk_of
from tests.gateway.fake_families import MONITOR, PUMP, SENDER, Ask, Brought, registry


@dataclass(slots=True)
class Thawed(Request):
    """Not frozen."""

    def encode(self) -> bytes:
        return b""


@dataclass(frozen=True)
class WithoutDefault:
    speed: int


@dataclass(frozen=True)
class WithImpossibleDefault:
    speed: int = field(default=0)

    def __post_init__(self) -> None:
        raise ValueError("too slow")


@dataclass
class ThawedSettings:
    speed: int = 0


@dataclass(frozen=True)
class WithUnknownType:
    speed: "Furlong" = 0  # type: ignore[name-defined]  # noqa: F821  # the point of it


def raising(_data: bytes) -> None:
    raise IndexError


@pytest.mark.parametrize("family", [MONITOR, PUMP, SENDER])
def test_a_complete_manifest_has_no_fault(family: Family) -> None:
    assert faults_of(family, family.name) == []
    assert registry().get(family.name) is family


INCOMPLETE: list[tuple[dict[str, Any], str]] = [
    ({"name": "other"}, "it calls itself 'other', not 'pump'"),
    ({"title": " "}, "title must be"),
    ({"dialogue": None}, "dialogue must be callable"),
    ({"requests": {Ask}}, "requests must be a frozenset"),
    ({"requests": frozenset({bytes})}, "is not a Request class"),
    ({"requests": frozenset({Request})}, "Request has no encode"),
    ({"requests": frozenset({Thawed})}, "Thawed must be a frozen dataclass"),
    ({"requests": frozenset({Thawed})}, "Thawed names no purpose"),
    ({"recognise": "?"}, "recognise must be callable"),
    ({"recognise": raising}, "recognise raises IndexError"),
    ({"recognise": lambda _data: Ask()}, "recognise takes b'' for a request"),
    ({"requests": frozenset(), "recognise": lambda data: Ask() if data else None}, "recognise takes"),
    ({"link_loss": ""}, "link_loss must be"),
    ({"evidence": "hearsay"}, "evidence must be"),
    ({"settings": dict}, "settings must be a frozen dataclass"),
    ({"settings": ThawedSettings}, "settings must be a frozen dataclass"),
    ({"settings": WithoutDefault}, "WithoutDefault.speed has no default"),
    ({"settings": WithImpossibleDefault}, "too slow"),
    ({"settings": WithUnknownType}, "Furlong"),
    ({"line": "9600 8N1"}, "line must be a Line"),
    ({"silent_after_s": 0.0}, "silent_after_s must be"),
    ({"silent_after_s": float("inf")}, "silent_after_s must be"),
    ({"refused": None}, "refused must be text"),
    ({"unconfirmed": "alarm frame"}, "unconfirmed must be"),
    ({"ports": ()}, "ports must be"),
    ({"ports": ("serial", "carrier pigeon")}, "ports must be"),
    ({"from_file": None}, "from_file must be callable"),
]


@pytest.mark.parametrize(("change", "words"), INCOMPLETE, ids=[words for _, words in INCOMPLETE])
def test_an_incomplete_manifest_is_refused_with_what_it_lacks(change: dict[str, Any], words: str) -> None:
    broken = Registry([Brought("pump", replace(PUMP, **change), by="acme-drivers")])
    with pytest.raises(FamilyError, match="of acme-drivers has an incomplete manifest") as caught:
        broken.get("pump")
    assert words in str(caught.value)


def test_an_unknown_family_is_told_from_a_broken_one() -> None:
    with pytest.raises(UnknownFamilyError, match=r"unknown family 'x'; installed are monitor, pump, sender"):
        registry().get("x")


@pytest.mark.parametrize("what", [ImportError("no module named acme"), RuntimeError("boom")])
def test_a_family_that_cannot_be_imported_names_its_distribution(what: Exception) -> None:
    with pytest.raises(FamilyError, match=f"of acme-drivers can't be imported: {type(what).__name__}"):
        Registry([Brought("pump", what, by="acme-drivers")]).get("pump")


def test_an_entry_point_must_give_a_family() -> None:
    with pytest.raises(FamilyError, match="gives a dict"):
        Registry([Brought("pump", {})]).get("pump")


def test_a_name_that_two_distributions_bring_is_refused() -> None:
    both = Registry([Brought("pump", PUMP), Brought("pump", PUMP, by="acme-drivers")])
    with pytest.raises(FamilyError, match="brought by acme-drivers and onlooker: uninstall one"):
        both.get("pump")


def test_only_the_family_that_is_asked_for_is_loaded() -> None:
    loaded: list[str] = []

    @dataclass(frozen=True)
    class Counting(Brought):
        def load(self) -> object:
            loaded.append(self.name)
            return super().load()

    families = Registry([Counting("monitor", MONITOR), Counting("pump", PUMP)])
    assert families.names == ("monitor", "pump")
    assert loaded == []
    families.get("pump")
    families.get("pump")
    assert loaded == ["pump"]
    assert [family.name for family in families] == ["monitor", "pump"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda family: family, "reading uses up its counters"),
        (lambda family: replace(family, refused=""), "reading has an effect: uses up the counter of new errors"),
        (lambda family: replace(family, refused="", requests=frozenset({Ask})), ""),
    ],
)
def test_what_is_refused_or_has_an_effect_is_a_risk(change: Callable[[Family], Family], why: str) -> None:
    assert risk_of(change(PUMP)) == why


def test_every_installed_family_has_a_complete_manifest() -> None:
    assert {family.name for family in installed()} >= {"masimo", "bbraun_space", "ihe_pcd"}
