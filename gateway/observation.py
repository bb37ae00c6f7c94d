"""One reading as the contract has it, judged and written as JSON.

A patient's values repeat: each distinct reading is validated by the pydantic model and written the first time it is
seen, and kept.
"""

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from drivers.api import Code, Reading
from drivers.vocabulary import TERM_BY_CODE, TERM_BY_METRIC, TERMS, Metric, Reason, Term, Validity, units_of
from gateway import model
from gateway.bounds import TEXT_LIMIT, channel, short

MESSAGE_LIMIT: Final = 256 * 1024  # bytes of observations in a message; brokers refuse some above a megabyte
CACHE_LIMIT: Final = 16_384  # distinct readings kept as JSON, about 6 MB; beyond it the cache begins anew

PIECE_LIMIT: Final = 1024  # bytes of a reading that is kept: a patient's values are short, a device's free text is not

# Outer plausible ranges, unit by unit: what lies outside is published, and marked. An engineering choice, not clinical.
PLAUSIBLE: Final[dict[tuple[Metric, str], tuple[float, float]]] = {
    **{(metric, "/min"): (20, 250) for metric in (Metric.HEART_RATE, Metric.PULSE_RATE, Metric.NIBP_PULSE_RATE)},
    (Metric.SPO2, "%"): (50, 100),
    **{
        (metric, "/min"): (0, 60)
        for metric in (Metric.RESPIRATION_RATE, Metric.RESPIRATION_RATE_CO2, Metric.RESPIRATION_RATE_IMPEDANCE)
    },
    (Metric.ETCO2, "mm[Hg]"): (0, 100),
    (Metric.ETCO2, "kPa"): (0, 13.3),
    (Metric.NIBP_SYSTOLIC, "mm[Hg]"): (40, 280),
    (Metric.NIBP_DIASTOLIC, "mm[Hg]"): (20, 200),
    (Metric.NIBP_MEAN, "mm[Hg]"): (30, 230),
    (Metric.TEMPERATURE, "Cel"): (25, 45),
    (Metric.TEMPERATURE, "[degF]"): (77, 113),
    (Metric.PERFUSION_INDEX, "%"): (0, 30),
    (Metric.PERFUSION_INDEX, "1"): (0, 30),
    (Metric.INFUSION_RATE, "mL/h"): (0, 1200),
    (Metric.DOSE_RATE, "mg/kg/h"): (0, 5),
}

# Units that a code leaves open: it says what is measured, and 11073 sends the unit beside it.
_KINDS: Final = {
    unit: kind
    for kind in (frozenset({"mm[Hg]", "kPa", "cm[H2O]"}), frozenset({"Cel", "[degF]"}), frozenset({"%", "1"}))
    for unit in kind
}
WITH_VALUE: Final = (Validity.VALID, Validity.QUESTIONABLE)
_REASONS: Final = {Validity.ABSENT: Reason.NOT_AVAILABLE, Validity.INVALID: Reason.DISOWNED}  # where none was said


def _mdc(reading: Reading, unit: str | None) -> Code | None:
    if reading.code is not None:
        return reading.code
    term = TERM_BY_METRIC.get(reading.metric) if unit is None else _term(reading.metric, unit)
    return Code(term.code, term.refid) if term else None


@lru_cache(maxsize=1024)
def _term(metric: Metric, unit: str) -> Term | None:
    """Give the term that measures the metric in this kind of unit: a partial pressure is no concentration."""
    terms = [term for term in TERMS if term.metric is metric]
    kind = _KINDS.get(unit, frozenset())
    exact = next((term for term in terms if unit in term.units), None)
    return exact or next((term for term in terms if not kind.isdisjoint(term.units)), None)


def _loinc(reading: Reading, mdc: Code | None) -> str | None:
    term = TERM_BY_CODE.get(mdc.code) if mdc is not None and mdc.code is not None else None
    return term.loinc or None if term is not None and term.metric is reading.metric else None


def _judged(reading: Reading, unit: str | None) -> tuple[Validity, Reason | None]:
    if reading.validity in WITH_VALUE:
        if reading.value is None:
            return Validity.ABSENT, reading.reason or Reason.NOT_AVAILABLE
        if isinstance(reading.value, float) and not math.isfinite(reading.value):
            return Validity.INVALID, Reason.NOT_A_NUMBER
        if isinstance(reading.value, str) and len(reading.value) > TEXT_LIMIT:
            return Validity.QUESTIONABLE, Reason.OVER_RANGE
    if reading.validity is Validity.VALID and isinstance(reading.value, int | float):
        limits = PLAUSIBLE.get((reading.metric, unit or ""))
        if limits is not None and not limits[0] <= reading.value <= limits[1]:
            return Validity.QUESTIONABLE, Reason.IMPLAUSIBLE
    return reading.validity, reading.reason or _REASONS.get(reading.validity)


def observation_fields(reading: Reading) -> dict[str, object]:
    """Give an observation as the contract has it, without its own times."""
    units = units_of(reading.metric)
    unit = reading.unit if reading.unit is not None or len(units) != 1 else units[0]
    mdc = _mdc(reading, unit)
    validity, reason = _judged(reading, unit)
    value = reading.value if validity in WITH_VALUE else None
    return {
        "metric": reading.metric,
        "value": short(value) if isinstance(value, str) else value,
        "unit": short(unit) if unit else None,
        "validity": validity,
        "reason": reason,
        "mdc": {"code": mdc.code, "refid": short(mdc.refid)} if mdc else None,
        "loinc": _loinc(reading, mdc),
        "name": short(reading.name),
        "raw": short(reading.raw),
        "source": channel(reading.source),
    }


_pieces: dict[Reading, bytes] = {}
_write_plain: Final = model.Observation.__pydantic_serializer__.to_json
_write_timed: Final = model.TimedObservation.__pydantic_serializer__.to_json


def plain_piece(reading: Reading) -> bytes:
    """Write one reading without a time of its own."""
    return _pieces.get(reading) or _new_piece(reading)


def _new_piece(reading: Reading) -> bytes:
    piece = _write_plain(model.Observation.model_validate(observation_fields(reading)))
    if len(piece) <= PIECE_LIMIT:
        if len(_pieces) >= CACHE_LIMIT:
            _pieces.clear()
        _pieces[reading] = piece
    return piece


def timed_piece(reading: Reading, measured_at: str | None) -> bytes:
    """Write one reading with a time of its own."""
    assert reading.device_time is not None
    own = {"device_time": reading.device_time.isoformat(), "measured_at": measured_at}
    return _write_timed(model.TimedObservation.model_validate({**observation_fields(reading), **own}))


def bodies(written: list[bytes]) -> Sequence[bytes]:
    """Join observations to as many messages as brokers will take."""
    size = sum(map(len, written))
    if size <= MESSAGE_LIMIT:
        return (b'"observations":[%b]' % b",".join(written),)
    groups: list[list[bytes]] = [[]]
    room = MESSAGE_LIMIT
    for piece in written:
        if groups[-1] and len(piece) > room:
            groups.append([])
            room = MESSAGE_LIMIT
        groups[-1].append(piece)
        room -= len(piece)
    return [b'"observations":[%b]' % b",".join(group) for group in groups]


def once_key(reading: Reading) -> str:
    """Tell one measurement from another: source, metric, own time and value."""
    assert reading.device_time is not None
    metric = reading.metric if reading.metric is not Metric.UNMAPPED else f"{reading.metric} {reading.name}"
    said = f"{reading.source}|{metric}|{reading.device_time.isoformat()}|{reading.value}|{reading.validity}"
    return hashlib.blake2s(said.encode("utf-8", "replace"), digest_size=12).hexdigest()
