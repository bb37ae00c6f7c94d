"""The extension classes: groups beyond the basic one, and all groups by class number.

Not read, because what is known doesn't say what stands where: entropy raw, EEG2 montage and SPI (ext2), tonometry,
delta P, CPP and PiCCO (ext3). Where P7 to T6 (ext1) stand is UNVERIFIED, so they keep no metric and are never valid.
"""

from typing import Final

from drivers.ge_dri.channels import BASIC, PRESSURE, Field, Group, unscaled
from drivers.vocabulary import Metric

_ST_LEADS = ("i", "ii", "iii", "avl", "avr", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
_EXT1 = (
    Group("arrhythmia", 0, (Field("hr", unit="/min"), *unscaled("rr_time", "pvc"))),
    Group("ecg12", 48, tuple(Field(f"st_{lead}", Metric(f"st_{lead}"), "mm", 100) for lead in _ST_LEADS), "12-lead"),
    Group("p7", 78, PRESSURE, "P7", is_confirmed=False),
    Group("p8", 92, PRESSURE, "P8", is_confirmed=False),
    Group(
        "spo2_ch2",
        106,
        (Field("spo2", unit="%", divisor=100), Field("pr", unit="/min")),
        "SpO2 channel 2",
        is_confirmed=False,
    ),
    Group("t5", 120, (Field("temp", unit="Cel", divisor=100),), "T5", is_confirmed=False),
    Group("t6", 128, (Field("temp", unit="Cel", divisor=100),), "T6", is_confirmed=False),
)

_EEG_CHANNELS = tuple(
    field
    for source in ("EEG1", "EEG2", "EEG3", "EEG4")
    for field in (
        Field("ampl", unit="uV", divisor=10, source=source),
        Field("sef", Metric.EEG_SPECTRAL_EDGE, divisor=10, source=source),
        Field("mf", unit="Hz", divisor=10, source=source),
        *(Field(name, unit="%", source=source) for name in ("delta", "theta", "alpha", "beta")),
        Field("bsr", Metric.EEG_SUPPRESSION_RATIO, source=source),
    )
)
_EXT2 = (
    Group("nmt2", 0, (None, *unscaled("t1", "t2", "t3", "t4"))),
    Group("eeg", 24, (Field("femg", unit="uV", divisor=10), *_EEG_CHANNELS), "EEG"),
    Group("bis", 96, unscaled("bis", "sqi", "emg", "sr")),
    Group(
        "entropy",
        112,
        (
            Field("state_entropy", unit="%"),
            Field("response_entropy", unit="%"),
            Field("bsr", Metric.EEG_SUPPRESSION_RATIO),
        ),
    ),
)

_EXT3 = (
    Group("gasex", 0, (*(Field(name, unit="mL/min", divisor=10) for name in ("vo2", "vco2")), *unscaled("ee", "rq"))),
    Group(
        "flow2",
        14,
        (
            *unscaled("ipeep", "pmean", "raw", "mv_insp", "epeep", "mv_spont", "ie_ratio", "insp_time", "exp_time"),
            *unscaled("static_compliance", "static_pplat", "static_peepe", "static_peepi"),
        ),
    ),
    Group("balance", 60, (Field("et", unit="%", divisor=100), Field("fi", unit="%", divisor=100))),
    Group("aa2", 92, (Field("mac_age_sum", unit="1", divisor=100),)),
)

GROUPS: Final = (BASIC, _EXT1, _EXT2, _EXT3)  # by class number
