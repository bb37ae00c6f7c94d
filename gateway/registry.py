"""The device families that are installed: found by entry point, loaded when asked for, refused if incomplete."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from inspect import isabstract
from typing import Final, Protocol, get_args, get_origin, get_type_hints

from drivers.api import Family, Line, Purpose, Request
from gateway.errors import FamilyError

GROUP: Final = "onlooker.families"


class Distribution(Protocol):
    """What was installed."""

    @property
    def name(self) -> str:
        """Its name."""


class Source(Protocol):
    """Where a manifest comes from: an entry point."""

    @property
    def name(self) -> str:
        """The family's name."""

    @property
    def dist(self) -> Distribution | None:
        """Who installed it."""

    def load(self) -> object:
        """Import it."""


class UnknownFamilyError(FamilyError):
    """No such family is installed."""


class Registry:
    """The installed families by name. A family is imported and checked at its first use."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources: dict[str, list[Source]] = {}
        for source in sources:
            self._sources.setdefault(source.name, []).append(source)
        self._loaded: dict[str, Family] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in order; nothing is loaded."""
        return tuple(sorted(self._sources))

    def get(self, name: str) -> Family:
        """Give one family. Raises FamilyError: unknown, name taken twice, or manifest incomplete."""
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[Family]:
        """All families in order. Raises FamilyError at one that can't be used."""
        return (self.get(name) for name in self.names)

    def _load(self, name: str) -> Family:
        match self._sources.get(name, []):
            case []:
                raise UnknownFamilyError(f"unknown family {name!r}; installed are {', '.join(self.names) or 'none'}")
            case [source]:
                return _checked(source)
            case sources:
                names = " and ".join(sorted(map(_origin, sources)))
                raise FamilyError(f"family {name!r} is brought by {names}: uninstall one of them")


def installed() -> Registry:
    """Find what is installed; third parties may add to it."""
    from importlib.metadata import entry_points  # 25 ms that tests and tools with a registry of their own needn't spend

    return Registry(entry_points(group=GROUP))


def risk_of(family: Family) -> str:
    """Say why a family needs accept_risk; empty: it doesn't."""
    effects = sorted({request.effect for request in family.requests if request.effect})
    return family.refused or "; ".join(f"reading has an effect: {effect}" for effect in effects)


def _origin(source: Source) -> str:
    return source.dist.name if source.dist else "an unknown distribution"


def _checked(source: Source) -> Family:
    where = f"family {source.name!r} of {_origin(source)}"
    try:
        manifest = source.load()
    except Exception as error:  # whatever a foreign module does on import, it is the author's to mend
        raise FamilyError(f"{where} can't be imported: {type(error).__name__}: {error}") from error
    if not isinstance(manifest, Family):
        raise FamilyError(f"{where}: the entry point gives a {type(manifest).__name__}, not a drivers.api.Family")
    if wrong := faults_of(manifest, source.name):
        raise FamilyError(f"{where} has an incomplete manifest: {'; '.join(wrong)}")
    return manifest


def faults_of(family: Family, name: str) -> list[str]:
    """Say in words what a manifest lacks; empty: it is complete."""
    wrong = [f"{field} must be {wanted}" for field, (wanted, is_good) in _RULES.items() if not is_good(family, field)]
    if family.name != name:
        wrong.insert(0, f"it calls itself {family.name!r}, not {name!r}")
    requests = family.requests if isinstance(family.requests, frozenset) else ()
    for request in sorted(requests, key=repr):
        wrong += _request_faults(request)
    return wrong + _gate_faults(family) + _settings_faults(family.settings)


def _is_text(family: Family, field: str) -> bool:
    text = getattr(family, field)
    return isinstance(text, str) and bool(text.strip())


def _is_words(family: Family, field: str) -> bool:
    words = getattr(family, field)
    return isinstance(words, tuple) and all(isinstance(word, str) and word for word in words)


def _choices(field: str) -> tuple[object, ...]:
    hint = get_type_hints(Family)[field]
    return get_args(get_args(hint)[0]) if get_origin(hint) is tuple else get_args(hint)


# Manifest field -> what it must be, and how to tell.
_RULES: Final[Mapping[str, tuple[str, Callable[[Family, str], bool]]]] = {
    "title": ("the devices' name in words", _is_text),
    "dialogue": ("callable", lambda family, _: callable(family.dialogue)),
    "requests": ("a frozenset", lambda family, _: isinstance(family.requests, frozenset)),
    "recognise": ("callable", lambda family, _: callable(family.recognise)),
    "link_loss": ("what the device does when we vanish, with its source", _is_text),
    "evidence": ("bench, foreign bytes or documents", lambda family, field: family.evidence in _choices(field)),
    "line": ("a Line", lambda family, _: isinstance(family.line, Line)),
    "silent_after_s": ("a number of seconds above 0", lambda family, _: _is_time(family.silent_after_s)),
    "refused": ("text", lambda family, _: isinstance(family.refused, str)),
    "unconfirmed": ("a tuple of words", _is_words),
    "ports": (
        "a tuple of serial, tcp, udp, listen",
        lambda family, field: bool(family.ports) and _is_words(family, field) and {*family.ports} <= {*_choices(field)},
    ),
    "from_file": ("callable", lambda family, _: callable(family.from_file)),
}


def _is_time(seconds: object) -> bool:
    return isinstance(seconds, int | float) and math.isfinite(seconds) and seconds > 0


def _request_faults(request: object) -> list[str]:
    """A request is a frozen dataclass with a purpose; anything else could be made to say something else."""
    if not (isinstance(request, type) and issubclass(request, Request)):
        return [f"{request!r} is not a Request class"]
    wrong = []
    if isabstract(request):
        wrong.append(f"{request.__name__} has no encode")
    if not _is_frozen(request):
        wrong.append(f"{request.__name__} must be a frozen dataclass")
    if not isinstance(getattr(request, "purpose", None), Purpose):
        wrong.append(f"{request.__name__} names no purpose")
    if not isinstance(request.effect, str):
        wrong.append(f"{request.__name__}.effect must be text")
    return wrong


def _gate_faults(family: Family) -> list[str]:
    """A gate that lets nothing-at-all through, or that breaks on garbage, is no gate."""
    if not callable(family.recognise):
        return []
    try:
        passed = [data for data in (b"", b"\x00", b"\xff" * 9) if family.recognise(data) is not None]
    except Exception as error:  # a gate must answer, whatever the bytes
        return [f"recognise raises {type(error).__name__} on garbage"]
    return [f"recognise takes {data!r} for a request" for data in passed if not family.requests or not data]


def _settings_faults(settings: object) -> list[str]:
    if not (isinstance(settings, type) and is_dataclass(settings) and _is_frozen(settings)):
        return ["settings must be a frozen dataclass"]
    bare = [field.name for field in fields(settings) if not _has_default(field)]
    wrong = [f"{settings.__name__}.{name} has no default" for name in bare]
    try:
        get_type_hints(settings)
        if not bare:
            settings()
    except Exception as error:  # a class of a third party; what it raises is its own choice
        wrong.append(f"{settings.__name__} can't be made from its defaults: {type(error).__name__}: {error}")
    return wrong


def _has_default(field: "Field[object]") -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _is_frozen(kind: type) -> bool:
    return is_dataclass(kind) and bool(kind.__dataclass_params__.frozen)  # type: ignore[attr-defined]  # not in typeshed
