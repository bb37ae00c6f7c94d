"""Who stands in the rack: identities, arrivals and departures."""

from collections.abc import Sequence
from dataclasses import replace

from drivers.api import Departed, Identity
from drivers.bbraun_space.channels import MISSING
from drivers.bbraun_space.codec import RACK, Entry

RACK_KEY = "rack"


class Roster:
    """Remembers for one conversation what each slot said of itself and which pumps are there; slots are few."""

    def __init__(self) -> None:
        self._identities: dict[str, Identity] = {}
        self._present: set[str] = set()
        self._gone: set[str] = set()
        self._in_answer: set[str] = set()

    def begin_answer(self) -> None:
        """All pumps have just been asked for."""
        self._in_answer.clear()

    def arrive(self, slot: str) -> None:
        """A pump has answered."""
        self._present.add(slot)
        self._in_answer.add(slot)
        self._gone.discard(slot)

    def end_answer(self, reason: str) -> list[Departed]:
        """The answer is complete: empty slots send nothing, so who isn't in it is gone."""
        return self._depart(self._present - self._in_answer, reason)

    def depart(self, slot: str, reason: str) -> list[Departed]:
        """One pump is gone; said once, until it is back."""
        self._in_answer.discard(slot)
        return self._depart({slot} - self._gone, reason)

    def depart_all(self, reason: str) -> list[Departed]:
        """No pump can be heard any more."""
        return self._depart(self._present, reason)

    def introduce(self, entries: Sequence[Entry]) -> list[Identity]:
        """Give the identity if these entries of one address change it."""
        key = RACK_KEY if entries[0].address == RACK else entries[0].slot
        said = _identity(key, {entry.name: entry.value for entry in entries})
        known = self._identities.get(key, Identity(key))
        if any(entry.name == "GNNEW" for entry in entries) or _contradicts(said, known):
            known = Identity(key)  # another pump: nothing of the last one holds
        merged = _merge(said, known)
        if merged == self._identities.get(key, Identity(key)):
            return []
        self._identities[key] = merged
        return [merged]

    def _depart(self, slots: set[str], reason: str) -> list[Departed]:
        leaving = sorted(slots)
        self._present -= set(leaving)
        self._gone |= set(leaving)
        return [Departed(slot, reason) for slot in leaving]


def _identity(key: str, values: dict[str, str | None]) -> Identity:
    def said(*names: str) -> str:
        texts = ((values.get(name) or "").strip() for name in names)
        return next((text for text in texts if text not in MISSING), "")

    if key == RACK_KEY:
        version = next((name for name, value in values.items() if value is None), "")
        dialect = f"BCC {version}" if version else ""
        return Identity(key, serial=said("COMSERIALNO"), firmware=said("COMSWVERSION"), dialect=dialect)
    return Identity(key, model=said("GNNEW", "GNMODEL"), serial=said("INSERNUM"))  # GNMODEL may end in CR


def _contradicts(said: Identity, known: Identity) -> bool:
    pairs = ((said.model, known.model), (said.serial, known.serial))
    return any(new and old and new != old for new, old in pairs)


def _merge(said: Identity, known: Identity) -> Identity:
    merged = replace(
        known,
        model=said.model or known.model,
        serial=said.serial or known.serial,
        firmware=said.firmware or known.firmware,
        dialect=said.dialect or known.dialect,
    )
    is_named = merged != Identity(merged.device)
    return replace(merged, manufacturer="B. Braun") if is_named else merged
