"""What the codes mean: parameters, flags, status words, events. Everything in here can be held against a document.

Sources: IHE PCD TF Vol 2 and Vol 3 Rev 9, IHE DEV TF Rev 11 draft, IHE ACM and IPEC, HL7 v2.6 tables 0078 and 0085.
What only one vendor's senders do stands in dialects.py.
"""

import re
from typing import Final, NamedTuple

from drivers.vocabulary import EventKind, InfusionState, Metric, Phase, Priority, Reason, Validity

# OBX-3. Codes are keyed on the number; `MDC_DEV_PUMP_x` and `MDC_PUMP_x` are one REFID.
PRIVATE_NUMBERS: Final = (0,)
SYSTEMS: Final = ("MDC", "")  # whose numbers are 11073 codes; a bare number below 65536 is none
SECOND_REFIDS: Final = {"MDC_ECG_CARD_BEAT_RATE": 147842}  # of the same number

# Number and REFID that name different parameters, known as a vendor's slip: what is meant.
VENDOR_BUGS: Final = {
    (149522, "MDC_PULS_RATE"): Metric.PULSE_RATE,
    (150031, "MDC_PRESS_CUFF_SYS"): Metric.NIBP_SYSTOLIC,
}
VENDOR_UNITS: Final = {268160: "[degF]", 268224: "[degF]"}
VENDOR_EVENTS: Final = {(196680, "MDC_EVT_LEAD_OFF"): 196880}

# Rows about the device or the message itself: no parameters of the stream.
MODEL: Final = 67880
SYSTEM_ID: Final = 67972
CONFIRM_TIMEOUT: Final = 67860  # only a watchdog has it
EVENT_CONDITION: Final = 68487
EVENT_SOURCE: Final = 68488
CLOCK_ROWS: Final = frozenset({67975, 68219, 68220})
ATTRIBUTE_REFIDS: Final = {
    "MDC_ATTR_ID_MODEL": MODEL,
    "MDC_ATTR_SYS_ID": SYSTEM_ID,
    "MDC_ATTR_CONFIRM_TIMEOUT": CONFIRM_TIMEOUT,
    "MDC_ATTR_EVT_COND": EVENT_CONDITION,
    "MDC_ATTR_EVT_SOURCE": EVENT_SOURCE,
    "MDC_ATTR_TIME_ABS": 67975,
    "MDC_TIME_CAP_STATE": 68219,
    "MDC_TIME_SYNC_PROTOCOL": 68220,
}

# Channel rows of pumps: the name by which their metrics are known.
DELIVERY: Final = "delivery"
CHANNELS: Final = {
    70067: DELIVERY,
    70071: "primary",
    70075: "secondary",
    70079: "clinician",
    70083: "loading",
    70091: "syringe",
    126977: "source",
    126978: DELIVERY,
}
CHANNEL_REFIDS: Final = {
    "MDC_PUMP_DELIVERY_INFO": 70067,
    "MDC_PUMP_INFUSATE_SOURCE_PRIMARY": 70071,
    "MDC_PUMP_INFUSATE_SOURCE_PRIMARY_CHAN": 70071,
    "MDC_PUMP_INFUS_CHAN_SECONDARY": 70075,
    "MDC_PUMP_INFUS_CHAN_CLINICIAN_DOSE": 70079,
    "MDC_PUMP_INFUS_CHAN_LOADING_DOSE": 70083,
    "MDC_PUMP_SYRINGE_INFO": 70091,
    "MDC_PUMP_INFUS_CHAN_SOURCE": 126977,
    "MDC_PUMP_INFUS_CHAN_DELIVERY": 126978,
}

# OBX-4 alone doesn't make a metric of these partitions' objects (devices, personal-health device profiles).
OBJECTS: Final = (range(65536, 131072), range(528384, 528640))

# Episodic values carry their own time (OBX-14), be it the message's; others only where it differs.
EPISODIC: Final = frozenset(
    {Metric.NIBP_SYSTOLIC, Metric.NIBP_DIASTOLIC, Metric.NIBP_MEAN, Metric.NIBP_PULSE_RATE, Metric.CARDIAC_OUTPUT}
)
EPISODIC_METHODS: Final = ("APERIODIC",)  # OBX-17

# Anything else below zero is a sender's way to say that there is none (-100, -999, -99.9, ...).
MAY_BE_NEGATIVE: Final = frozenset(
    {
        Metric.UNMAPPED, Metric.SPO2_DIFFERENCE, Metric.TEMPERATURE_DIFFERENCE, Metric.CVP_MEAN, Metric.PLETH,
        Metric.RESPIRATION_IMPEDANCE, Metric.PERFUSION_INDEX_DELTA, Metric.LINE_PRESSURE, Metric.IBP_SYSTOLIC,
        Metric.IBP_DIASTOLIC, Metric.IBP_MEAN, Metric.BP_SYSTOLIC, Metric.BP_DIASTOLIC, Metric.BP_MEAN,
        *(metric for metric in Metric if metric.startswith("st_")),
    }
)  # fmt: skip
# Where a value may be below zero, these are still some vendor's sentinels: kept, but questionable.
SENTINELS_OF_SOME: Final = frozenset({-100, -1000, -10000, -999, -99.9})
ZERO_IS_NOT_ENTERED: Final = frozenset({Metric.BODY_WEIGHT, Metric.BODY_HEIGHT, Metric.PATIENT_WEIGHT})

# Unmapped rows whose text may name a person keep neither value nor raw text; nor do documents (ED, RP).
PERSON_TYPES: Final = frozenset(
    {"XPN", "XCN", "XON", "CX", "PN", "CN", "CNN", "NDL", "XAD", "AD", "XTN", "TN", "ED", "RP"}
)
PERSON_WORDS: Final = re.compile(
    "NAME|PATIENT|(^|_)PT_|PERSON|NURSE|CLINICIAN|PHYSICIAN|DOCTOR|STAFF|OPERATOR|OBSERVER|USER|CAREGIVER|BIRTH|DOB"
    "|SSN|MRN|ADDR|PHONE|E?MAIL|(^|_)ID(_|$)|ORDER|VISIT|ADMI|ACCOUNT|COMMENT|NOTE|REMARK"
)

# Units as text, beside the UCUM that `UNITS` knows; the keys are lower case.
UNIT_TEXTS: Final = {
    "bpm": "/min", "rpm": "/min", "1/min": "/min", "/min": "/min", "{beat}/min": "/min", "{beats}/min": "/min",
    "{breath}/min": "/min", "{breaths}/min": "/min", "{resp}/min": "/min", "beats/min": "/min", "breaths/min": "/min",
    "mmhg": "mm[Hg]", "mm[hg]": "mm[Hg]", "kpa": "kPa", "cmh2o": "cm[H2O]", "cm[h2o]": "cm[H2O]",
    "%": "%", "1": "1", "{1}": "1", "cel": "Cel", "degc": "Cel", "°c": "Cel", "c": "Cel", "degf": "[degF]",
    "[degf]": "[degF]", "°f": "[degF]", "f": "[degF]", "mv": "mV", "ml/h": "mL/h", "ml/hr": "mL/h", "ml": "mL",
    "mg": "mg", "ug": "ug", "mcg": "ug", "mg/ml": "mg/mL", "ug/ml": "ug/mL", "mcg/ml": "ug/mL", "mg/h": "mg/h",
    "mg/hr": "mg/h", "ug/h": "ug/h", "ug/hr": "ug/h", "mcg/h": "ug/h", "mcg/hr": "ug/h", "mg/min": "mg/min",
    "ug/min": "ug/min", "mcg/min": "ug/min", "mg/kg": "mg/kg", "mg/kg/h": "mg/kg/h", "mg/kg/hr": "mg/kg/h",
    "ug/kg/h": "ug/kg/h", "ug/kg/hr": "ug/kg/h", "mcg/kg/h": "ug/kg/h", "mcg/kg/hr": "ug/kg/h",
    "ug/kg/min": "ug/kg/min", "mcg/kg/min": "ug/kg/min", "s": "s", "sec": "s", "min": "min", "h": "h", "hr": "h",
    "kg": "kg", "cm": "cm", "hz": "Hz", "ms": "ms", "l/min": "L/min", "/h": "/h",
}  # fmt: skip

# The same units by REFID (MDC_DIM_ left out).
UNIT_REFIDS: Final = {
    "PERCENT": "%", "DIMLESS": "1", "MMHG": "mm[Hg]", "KILO_PASCAL": "kPa", "CM_H2O": "cm[H2O]", "DEGC": "Cel",
    "FAHR": "[degF]", "BEAT_PER_MIN": "/min", "PULS_PER_MIN": "/min", "RESP_PER_MIN": "/min", "PER_MIN": "/min",
    "MILLI_VOLT": "mV", "MILLI_L_PER_HR": "mL/h", "MILLI_L": "mL", "MILLI_G": "mg", "MICRO_G": "ug",
    "MILLI_G_PER_ML": "mg/mL", "MICRO_G_PER_ML": "ug/mL", "MILLI_G_PER_HR": "mg/h", "MICRO_G_PER_HR": "ug/h",
    "MILLI_G_PER_MIN": "mg/min", "MICRO_G_PER_MIN": "ug/min", "MICRO_G_PER_KG_PER_MIN": "ug/kg/min",
    "MILLI_G_PER_KG_PER_HR": "mg/kg/h", "MICRO_G_PER_KG_PER_HR": "ug/kg/h", "MILLI_G_PER_KG": "mg/kg", "X_SEC": "s",
    "MIN": "min", "HR": "h", "KILO_G": "kg", "CENTI_M": "cm",
}  # fmt: skip


class Quality(NamedTuple):
    """What OBX-8 and OBX-11 say of a value."""

    validity: Validity
    reason: Reason | None
    is_simulated: bool = False


GOOD: Final = Quality(Validity.VALID, None)

# OBX-8, the worst first: of several flags the first one here counts.
FLAGS: Final = {
    "INV": (Validity.INVALID, Reason.DISOWNED),
    "NAN": (Validity.INVALID, Reason.NOT_A_NUMBER),
    "PINF": (Validity.INVALID, Reason.OVER_RANGE),
    "NINF": (Validity.INVALID, Reason.UNDER_RANGE),
    "NAV": (Validity.ABSENT, Reason.NOT_AVAILABLE),
    "BUSY": (Validity.ABSENT, Reason.MEASURING),
    "OFF": (Validity.ABSENT, Reason.OFF),
    "NI": (Validity.ABSENT, Reason.NOT_AVAILABLE),
    "NA": (Validity.ABSENT, Reason.NOT_AVAILABLE),
    "MSK": (Validity.ABSENT, Reason.MASKED),
    "OTH": (Validity.ABSENT, Reason.OTHER),
    "CAL": (Validity.QUESTIONABLE, Reason.CALIBRATING),
    "QUES": (Validity.QUESTIONABLE, Reason.OTHER),
    "EARLY": (Validity.QUESTIONABLE, Reason.EARLY),
}
SIMULATED_FLAGS: Final = frozenset({"DEMO", "TEST"})

# OBX-11, where it says more than OBX-8. F proves no validation by a person. What is in no table is `questionable`.
GOOD_STATUS: Final = frozenset({"", "R", "F", "C", "U"})
DOUBTED_STATUS: Final = (Validity.QUESTIONABLE, Reason.OTHER)
NO_RESULT: Final = "X"
STATUS: Final = {
    "W": (Validity.INVALID, Reason.DISOWNED),  # wrong
    "D": (Validity.INVALID, Reason.DISOWNED),  # deleted
    "P": (Validity.QUESTIONABLE, Reason.EARLY),  # preliminary
    "S": (Validity.QUESTIONABLE, Reason.EARLY),  # partial
}

# Status words of pumps, without `pump-...-` before them. Not known: unknown.
DELIVERY_STATES: Final = {  # 158005, one for each source
    "delivering": InfusionState.INFUSING,
    "not-delivering": InfusionState.STOPPED,
    "kvo": InfusionState.KVO,
    "transitioning": InfusionState.UNKNOWN,  # infusing or not: the standard leaves it to the vendor
}
NOT_DELIVERING: Final = {  # 158006, where it says more than stopped
    "powered-off": InfusionState.OFF,
    "standby": InfusionState.STANDBY,
    "switching-source": InfusionState.UNKNOWN,
}
INFUSING_STATES: Final = {"infusing": InfusionState.INFUSING, "not-infusing": InfusionState.STOPPED}  # 184519
PUMP_STATES: Final = {  # 184508, old model
    "infusing": InfusionState.INFUSING,
    "kvo": InfusionState.KVO,
    "ready": InfusionState.STOPPED,
    "standby": InfusionState.STANDBY,
    "paused": InfusionState.PAUSED,
}
WORD_PREFIXES: Final = ("pump-delivery-status-", "pump-stopped-", "pump-source-info-", "pump-status-")
STATE_ROWS: Final = frozenset({Metric.DELIVERY_STATUS, Metric.INFUSING_STATUS, Metric.PUMP_STATUS})
STATUS_ROWS: Final = STATE_ROWS | {Metric.ACTIVE_SOURCES, Metric.NOT_DELIVERING_REASON}
SOURCES: Final = frozenset({"primary", "secondary", "pca", "loading", "clinician", "intermittent"})
# What a source that waits says of its programme mustn't look like what the pump does.
OF_THE_SOURCE_NOW: Final = frozenset(
    {
        Metric.DELIVERY_STATUS, Metric.NOT_DELIVERING_REASON, Metric.PROGRAM_COMPLETION_MODE,
        Metric.PROGRAM_DELIVERY_MODE, Metric.PROGRAM_STATUS, Metric.INFUSION_RATE, Metric.DOSE_RATE,
    }
)  # fmt: skip

# PCD-10: what happened. Every other event is `device_event`.
EVENTS: Final = {
    197288: EventKind.INFUSION_STARTED,
    197290: EventKind.INFUSION_STOPPED,
    197292: EventKind.INFUSION_COMPLETED,
    197306: EventKind.COUNTER_RESET,
    197308: EventKind.CLOCK_JUMPED,
}

# PCD-04 facets, by number and by REFID; older lists give 68164 to 68169, and IHE's own sample has 684800 and on.
ALERT_SOURCE, EVENT_PHASE, ALARM_STATE, INACTIVATION, PRIORITY, ALERT_TYPE, ALERT_TEXT = (
    *range(68480, 68486), 68546,
)  # fmt: skip
FACET_REFIDS: Final = {
    "MDC_ATTR_ALERT_SOURCE": ALERT_SOURCE,
    "MDC_ATTR_EVENT_PHASE": EVENT_PHASE,
    "MDC_ATTR_ALARM_STATE": ALARM_STATE,
    "MDC_ATTR_ALERT_STATE": ALARM_STATE,
    "MDC_ATTR_ALARM_INACTIVATION_STATE": INACTIVATION,
    "MDC_ATTR_ALARM_PRIORITY": PRIORITY,
    "MDC_ATTR_ALERT_TYPE": ALERT_TYPE,
    "MDC_ATTR_ALERT_TEXT": ALERT_TEXT,
}
FACETS: Final = {
    **{number: number for number in FACET_REFIDS.values()},
    **{68164 + n: ALERT_SOURCE + n for n in range(6)},
    **{10 * number: number for number in FACET_REFIDS.values()},
}
EVENT_ALARM: Final = 196616
EVENT_CODES: Final = range(196608, 262144)  # partition 3
WATCHDOG: Final = "MDC_EVT_WATCHDOG"

PHASES: Final = {
    **dict.fromkeys(("start", "present"), Phase.BEGIN),
    **dict.fromkeys(("continue", "update", "escalate", "deescalate", "inactivate", "acknowledged"), Phase.CHANGE),
    **dict.fromkeys(("end", "reset", "stop"), Phase.END),
}
QUIET_STATES: Final = ("off", "inactive")  # the condition is over, whatever the phase
LATCHED: Final = "latched"  # over, but still shown
PRIORITIES: Final = {
    "PN": Priority.NONE, "PL": Priority.LOW, "PM": Priority.MEDIUM, "PH": Priority.HIGH, "PI": Priority.NONE,
}  # fmt: skip

EVENT_REFIDS: Final = {
    "MDC_EVT_HI": 196648,
    "MDC_EVT_LO": 196670,
    "MDC_EVT_LO_VAL_LT_LIM": 196674,
    "MDC_EVT_LEAD_OFF": 196880,
    "MDC_EVT_APNEA": 199680,
    "MDC_EVT_SENSOR_DISCONN": 196916,
    "MDC_EVT_INOP": 196660,
    "MDC_EVT_FLUID_LINE_OCCL": 196940,
    "MDC_EVT_FLUID_LINE_AIR": 197200,
    "MDC_EVT_BATT_LO": 196802,
    "MDC_EVT_BATT_DEPL": 197336,
    "MDC_EVT_EMPTY": 196634,
    "MDC_EVT_VOL_INFUS_COMP": 197332,
    "MDC_EVT_VOL_INFUS_NEAR_COMP": 197334,
    "MDC_EVT_MALF": 196678,
    "MDC_EVT_DOOR_POSN_ERR": 197084,
    "MDC_EVT_CALLBACK": 197330,
    "MDC_EVT_STANDBY_WARN": 258048,
    "MDC_EVT_EMER_STOP": 197340,
    "MDC_EVT_PWR_LOSS": 197342,
    "MDC_EVT_FLOW_LO": 196950,
    "MDC_EVT_SYRINGE_BARREL_CAPTURE": 197218,
    "MDC_EVT_SYRINGE_BARREL_CAPTURE_FAULT": 197218,  # B. Braun's spelling
    "MDC_EVT_UNKNOWN": 197348,
    "MDC_EVT_PUMP_DELIV_START": 197288,
    "MDC_EVT_PUMP_DELIV_STOP": 197290,
    "MDC_EVT_PUMP_DELIV_COMP": 197292,
    "MDC_EVT_PUMP_VOL_COUNTERS_CLEARED": 197306,
    "MDC_EVT_DEVICE_TIME_CHANGED": 197308,
}

# MSH-9: what we take. A report of a patient's association holds identities only, and is read over.
OBSERVATIONS: Final = "ORU"
ALARM_TRIGGER: Final = "R40"
NEVER_ANSWERED: Final = ("ACK", "MCF")  # an answer to an answer would have no end
ASSOCIATION: Final = "69136"
WAVEFORMS: Final = ("CONTINUOUS WAVEFORM", "BOUNDED WAVEFORM")  # OBR-4: rates and resolutions, no parameters
IHE_PCD: Final = "1.3.6.1.4.1.19376.1.6."  # MSH-21: one of its profiles
SIMULATED_PROCESSING: Final = ("T", "D")  # MSH-11: training, debugging
