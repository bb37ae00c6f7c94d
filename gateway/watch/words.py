"""How values are said to a person in a narrow terminal."""

from typing import Final

MAX_CLOCK_S: Final = 1_000_000  # beyond this it isn't a time that an infusion takes
MAX_TEXT: Final = 60  # a device's own words are longer only by mistake or malice

# Metrics that have a place of their own in the table, in this order; all others are counted.
LABELS: Final[dict[str, str]] = {
    "spo2": "SpO2",
    "pulse_rate": "PR",
    "heart_rate": "HR",
    "nibp_systolic": "NIBP sys",
    "nibp_diastolic": "NIBP dia",
    "nibp_mean": "NIBP mean",
    "respiration_rate": "RR",
    "respiration_rate_co2": "RR(CO2)",
    "respiration_rate_impedance": "RR(imp)",
    "etco2": "EtCO2",
    "temperature": "Temp",
    "perfusion_index": "PI",
    "bispectral_index": "BIS",
    "infusion_state": "Pump",
    "drug_name": "Drug",
    "infusion_rate": "Rate",
    "infusion_rate_set": "Set",
    "dose_rate": "Dose",
    "dose_rate_set": "Dose set",
    "volume_infused": "Given",
    "volume_to_be_infused": "VTBI",
    "volume_remaining": "Left",
    "time_remaining": "Ends in",
}
NIBP: Final = ("nibp_systolic", "nibp_diastolic", "nibp_mean")

# UCUM as people write it.
UNITS: Final[dict[str, str]] = {"mm[Hg]": "mmHg", "Cel": "°C", "[degF]": "°F", "cm[H2O]": "cmH2O", "1": ""}


def clean(text: object) -> str:
    """A text from outside, short and unable to play with the terminal."""
    words = "".join(char if char.isprintable() else "?" for char in str(text)[: MAX_TEXT + 1])
    return words if len(words) <= MAX_TEXT else words[: MAX_TEXT - 1] + "…"


def number(value: object) -> str:
    """A value with the digits it has, without the noise of binary fractions."""
    return f"{value:.10g}" if isinstance(value, float) else clean(value)


def unit(ucum: str) -> str:
    """A unit as people write it."""
    return UNITS.get(ucum, ucum)


def clock_time(seconds: float) -> str:
    """Time that is left: 0:40:50. An age stands beside it, and must not read as a part of it."""
    if not 0 <= seconds < MAX_CLOCK_S:
        return f"{number(seconds)} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def duration(seconds: float) -> str:
    """Seconds in one word: 5s, 3m, 2h, 4d."""
    for size, letter in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size:.0f}{letter}"
    return f"{max(seconds, 0.0):.0f}s"
