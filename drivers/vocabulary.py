"""The words in which Onlooker speaks: metrics, validity, reasons, states, events, and their 11073 and LOINC codes.

The codes are the rows of the project's terminology table whose certainty is CERTAIN or FOUND; a LOINC code stands
only where it is CERTAIN (`tests/data/terminology.csv`, checked by `tests/drivers/test_vocabulary.py`).
"""

from enum import StrEnum
from typing import Final, NamedTuple


class Metric(StrEnum):
    """What a value is a value of."""

    HEART_RATE = "heart_rate"
    PULSE_RATE = "pulse_rate"
    NIBP_PULSE_RATE = "nibp_pulse_rate"
    IBP_PULSE_RATE = "ibp_pulse_rate"
    SPO2 = "spo2"
    SPO2_DIFFERENCE = "spo2_difference"
    PERFUSION_INDEX = "perfusion_index"
    PLETH = "pleth"
    NIBP_SYSTOLIC = "nibp_systolic"
    NIBP_DIASTOLIC = "nibp_diastolic"
    NIBP_MEAN = "nibp_mean"
    BP_SYSTOLIC = "bp_systolic"
    BP_DIASTOLIC = "bp_diastolic"
    BP_MEAN = "bp_mean"
    IBP_SYSTOLIC = "ibp_systolic"
    IBP_DIASTOLIC = "ibp_diastolic"
    IBP_MEAN = "ibp_mean"
    CVP_MEAN = "cvp_mean"
    RESPIRATION_RATE = "respiration_rate"
    RESPIRATION_RATE_IMPEDANCE = "respiration_rate_impedance"
    RESPIRATION_RATE_CO2 = "respiration_rate_co2"
    ETCO2 = "etco2"
    FICO2 = "fico2"
    IMCO2 = "imco2"
    FIO2 = "fio2"
    ETO2 = "eto2"
    N2O_END_TIDAL = "n2o_end_tidal"
    N2O_INSPIRED = "n2o_inspired"
    TEMPERATURE = "temperature"
    TEMPERATURE_DIFFERENCE = "temperature_difference"
    ST_I = "st_i"
    ST_II = "st_ii"
    ST_III = "st_iii"
    ST_AVR = "st_avr"
    ST_AVL = "st_avl"
    ST_AVF = "st_avf"
    ST_V1 = "st_v1"
    ST_V2 = "st_v2"
    ST_V3 = "st_v3"
    ST_V4 = "st_v4"
    ST_V5 = "st_v5"
    ST_V6 = "st_v6"
    ECG_RHYTHM = "ecg_rhythm"
    ECG_ECTOPIC = "ecg_ectopic"
    ECG_ARRHYTHMIA = "ecg_arrhythmia"
    PVC_RATE = "pvc_rate"
    PVC_COUNT = "pvc_count"
    QT_INTERVAL = "qt_interval"
    QTC_INTERVAL = "qtc_interval"
    RESPIRATION_IMPEDANCE = "respiration_impedance"
    BISPECTRAL_INDEX = "bispectral_index"
    BIS_SIGNAL_QUALITY = "bis_signal_quality"
    EEG_SUPPRESSION_RATIO = "eeg_suppression_ratio"
    EEG_BURST_SUPPRESSION = "eeg_burst_suppression"
    EEG_SPECTRAL_EDGE = "eeg_spectral_edge"
    BODY_WEIGHT = "body_weight"
    BODY_HEIGHT = "body_height"
    PATIENT_WEIGHT = "patient_weight"
    INFUSION_RATE = "infusion_rate"
    INFUSION_RATE_SET = "infusion_rate_set"
    DOSE_RATE = "dose_rate"
    VOLUME_INFUSED = "volume_infused"
    VOLUME_INFUSED_SEGMENT = "volume_infused_segment"
    VOLUME_INFUSED_SOURCE_TOTAL = "volume_infused_source_total"
    VOLUME_INFUSED_TOTAL = "volume_infused_total"
    VOLUME_INFUSED_SET_TOTAL = "volume_infused_set_total"
    VOLUME_INFUSED_METHOD_TOTAL = "volume_infused_method_total"
    VOLUME_TO_BE_INFUSED = "volume_to_be_infused"
    VOLUME_REMAINING = "volume_remaining"
    TIME_REMAINING = "time_remaining"
    TIME_PROGRAMMED = "time_programmed"
    TIME_REMAINING_CONTAINER = "time_remaining_container"
    DRUG_NAME = "drug_name"
    DRUG_ID = "drug_id"
    DRUG_CONCENTRATION = "drug_concentration"
    BOLUS_DOSE = "bolus_dose"
    PCA_DOSE = "pca_dose"
    LOADING_DOSE = "loading_dose"
    CLINICIAN_DOSE = "clinician_dose"
    INTERMITTENT_DOSE = "intermittent_dose"
    DOSE_TO_BE_INFUSED = "dose_to_be_infused"
    DOSE_REMAINING = "dose_remaining"
    DOSE_DELIVERED_TOTAL = "dose_delivered_total"
    DOSE_DELIVERED = "dose_delivered"
    DOSE_DELIVERED_SEGMENT = "dose_delivered_segment"
    SYRINGE_SIZE = "syringe_size"
    SYRINGE_VOLUME = "syringe_volume"
    SYRINGE_TYPE = "syringe_type"
    SYRINGE_MANUFACTURER = "syringe_manufacturer"
    PUMP_MODE = "pump_mode"
    TCI_MODE = "tci_mode"
    TCI_MODEL = "tci_model"
    TCI_TARGET = "tci_target"
    TCI_PLASMA = "tci_plasma"
    TCI_EFFECT_SITE = "tci_effect_site"
    POWER_STATE = "power_state"
    BATTERY_CHARGE = "battery_charge"
    BATTERY_TIME_REMAINING = "battery_time_remaining"
    BATTERY_STATUS = "battery_status"
    CARDIAC_OUTPUT = "cardiac_output"
    PCA_DOSE_LIMIT = "pca_dose_limit"
    PCA_VOLUME_LIMIT = "pca_volume_limit"
    PCA_LIMIT_PERIOD = "pca_limit_period"
    PCA_MAX_DOSES_PER_HOUR = "pca_max_doses_per_hour"
    PCA_LOCKOUT = "pca_lockout"
    PCA_DOSES_GIVEN = "pca_doses_given"
    PCA_DOSES_ATTEMPTED = "pca_doses_attempted"
    PROGRAM_COMPLETION_MODE = "program_completion_mode"
    PROGRAM_DELIVERY_MODE = "program_delivery_mode"
    PROGRAM_STATUS = "program_status"
    SOURCE_LABEL = "source_label"
    DRUG_LIBRARY_CARE_AREA = "drug_library_care_area"
    DRUG_LIBRARY_VERSION = "drug_library_version"
    DRUG_LIBRARY_NAME = "drug_library_name"
    NOT_DELIVERING_REASON = "not_delivering_reason"
    ACTIVE_SOURCES = "active_sources"
    ENABLED_SOURCES = "enabled_sources"
    DELIVERY_STATUS = "delivery_status"
    INFUSING_STATUS = "infusing_status"
    PUMP_STATUS = "pump_status"
    CHANNEL_RELAY_STATE = "channel_relay_state"
    # without a registered code
    DOSE_RATE_SET = "dose_rate_set"
    BOLUS_VOLUME = "bolus_volume"
    BOLUS_RATE = "bolus_rate"
    BOLUS_COUNT = "bolus_count"
    LINE_PRESSURE = "line_pressure"
    INFUSION_STATE = "infusion_state"
    STANDBY_REMAINING = "standby_remaining"
    SIGNAL_QUALITY = "signal_quality"
    CARBOXYHAEMOGLOBIN = "carboxyhaemoglobin"
    METHAEMOGLOBIN = "methaemoglobin"
    TOTAL_HAEMOGLOBIN = "total_haemoglobin"
    OXYGEN_CONTENT = "oxygen_content"
    PLETH_VARIABILITY_INDEX = "pleth_variability_index"
    DESATURATION_INDEX = "desaturation_index"
    PERFUSION_INDEX_DELTA = "perfusion_index_delta"
    UNMAPPED = "unmapped"


class Validity(StrEnum):
    """What the device says of a value. `invalid` and `absent` never carry one."""

    VALID = "valid"
    QUESTIONABLE = "questionable"
    INVALID = "invalid"
    ABSENT = "absent"


class Reason(StrEnum):
    """Why a value isn't simply valid. A closed list, in the words of the devices' manuals."""

    NOT_AVAILABLE = "not available"
    NO_SENSOR = "no sensor"
    SENSOR_OFF = "sensor off"
    SENSOR_FAULT = "sensor fault"
    SEARCHING = "searching"
    LOW_SIGNAL = "low signal"
    LOW_PERFUSION = "low perfusion"
    INTERFERENCE = "interference"
    MOTION = "motion"
    MEASURING = "measuring"
    CALIBRATING = "calibrating"
    OFF = "off"
    STANDBY = "standby"
    NOT_IN_USE = "not in use"
    OVER_RANGE = "over range"
    UNDER_RANGE = "under range"
    IMPLAUSIBLE = "implausible"
    AGE_UNKNOWN = "age unknown"
    HELD = "held"
    EARLY = "early"
    DISOWNED = "disowned"
    MASKED = "masked"
    OTHER = "other"
    NOT_A_NUMBER = "not a number"
    CODE_CONFLICT = "code conflict"
    UNIT_CONFLICT = "unit conflict"
    UNIT_UNKNOWN = "unit unknown"
    WAITING_SOURCE = "waiting source"
    DAMAGED = "damaged"


class InfusionState(StrEnum):
    """What a pump does; alarms stand beside it."""

    INFUSING = "infusing"
    BOLUS = "bolus"
    KVO = "kvo"
    PURGE = "purge"
    PAUSED = "paused"
    STOPPED = "stopped"
    STANDBY = "standby"
    OFF = "off"
    UNKNOWN = "unknown"


class EventKind(StrEnum):
    """What can happen."""

    ALARM = "alarm"
    INFUSION_STARTED = "infusion_started"
    INFUSION_PAUSED = "infusion_paused"
    INFUSION_RESUMED = "infusion_resumed"
    INFUSION_RATE_CHANGED = "infusion_rate_changed"
    INFUSION_BOLUS = "infusion_bolus"
    INFUSION_STOPPED = "infusion_stopped"
    INFUSION_COMPLETED = "infusion_completed"
    COUNTER_RESET = "counter_reset"
    NIBP_FAILED = "nibp_failed"
    CLOCK_JUMPED = "clock_jumped"
    DEVICE_RESTARTED = "device_restarted"
    IDENTITY_CHANGED = "identity_changed"
    DATA_GAP = "data_gap"
    DEVICE_EVENT = "device_event"


class Phase(StrEnum):
    """Where in its life an event with a duration is."""

    BEGIN = "begin"
    CHANGE = "change"
    END = "end"


class Priority(StrEnum):
    """Alarm priority (IEC 60601-1-8)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"


class AlarmCode(StrEnum):
    """Our word for an alarm condition."""

    OCCLUSION = "occlusion"
    AIR_IN_LINE = "air_in_line"
    NEAR_END = "near_end"
    EMPTY = "empty"
    INFUSION_COMPLETE = "infusion_complete"
    KVO_END = "kvo_end"
    STANDBY_OVER = "standby_over"
    SYRINGE = "syringe"
    DOOR = "door"
    FLOW = "flow"
    PUMP_UNATTENDED = "pump_unattended"
    BATTERY_LOW = "battery_low"
    BATTERY_EMPTY = "battery_empty"
    POWER_LOSS = "power_loss"
    APNOEA = "apnoea"
    ASYSTOLE = "asystole"
    ARRHYTHMIA = "arrhythmia"
    DESATURATION = "desaturation"
    LIMIT_HIGH = "limit_high"
    LIMIT_LOW = "limit_low"
    LEAD_OFF = "lead_off"
    SENSOR_OFF = "sensor_off"
    NO_SENSOR = "no_sensor"
    SENSOR_FAULT = "sensor_fault"
    LOW_SIGNAL = "low_signal"
    CUFF = "cuff"
    MALFUNCTION = "malfunction"
    STOPPED_BY_USER = "stopped_by_user"
    REMOTE_LINK = "remote_link"
    UNKNOWN = "unknown"


class Term(NamedTuple):
    """One coded term: ISO/IEEE 11073-10101 number and reference id, UCUM units (preferred first), LOINC."""

    metric: Metric
    code: int
    refid: str
    units: tuple[str, ...] = ()
    loinc: str = ""


# A metric's first row is the code it goes by when the device names none.
TERMS: Final = (
    Term(Metric.HEART_RATE, 147842, "MDC_ECG_HEART_RATE", ("/min",), "8867-4"),
    Term(Metric.HEART_RATE, 147850, "MDC_ECG_CARD_BEAT_RATE_BTB", ("/min",)),
    Term(Metric.PULSE_RATE, 149530, "MDC_PULS_OXIM_PULS_RATE", ("/min",), "8889-8"),
    Term(Metric.PULSE_RATE, 149514, "MDC_PULS_RATE", ("/min",)),
    Term(Metric.NIBP_PULSE_RATE, 149546, "MDC_PULS_RATE_NON_INV", ("/min",)),
    Term(Metric.IBP_PULSE_RATE, 149522, "MDC_BLD_PULS_RATE_INV", ("/min",)),
    Term(Metric.SPO2, 150456, "MDC_PULS_OXIM_SAT_O2", ("%",), "59408-5"),
    Term(Metric.SPO2_DIFFERENCE, 150468, "MDC_PULS_OXIM_SAT_O2_DIFF", ("%",)),
    Term(Metric.PERFUSION_INDEX, 150448, "MDC_PULS_OXIM_PERF_REL", ("1",)),
    Term(Metric.PERFUSION_INDEX, 150488, "MDC_BLD_PERF_INDEX", ("%",)),
    Term(Metric.PLETH, 150452, "MDC_PULS_OXIM_PLETH", ("%",)),
    Term(Metric.NIBP_SYSTOLIC, 150021, "MDC_PRESS_BLD_NONINV_SYS", ("mm[Hg]",), "8480-6"),
    Term(Metric.NIBP_SYSTOLIC, 150301, "MDC_PRESS_CUFF_SYS", ("mm[Hg]",), "8480-6"),
    Term(Metric.NIBP_DIASTOLIC, 150022, "MDC_PRESS_BLD_NONINV_DIA", ("mm[Hg]",), "8462-4"),
    Term(Metric.NIBP_DIASTOLIC, 150302, "MDC_PRESS_CUFF_DIA", ("mm[Hg]",), "8462-4"),
    Term(Metric.NIBP_MEAN, 150023, "MDC_PRESS_BLD_NONINV_MEAN", ("mm[Hg]",), "8478-0"),
    Term(Metric.NIBP_MEAN, 150303, "MDC_PRESS_CUFF_MEAN", ("mm[Hg]",), "8478-0"),
    Term(Metric.BP_SYSTOLIC, 150017, "MDC_PRESS_BLD_SYS", ("mm[Hg]",), "8480-6"),
    Term(Metric.BP_DIASTOLIC, 150018, "MDC_PRESS_BLD_DIA", ("mm[Hg]",), "8462-4"),
    Term(Metric.BP_MEAN, 150019, "MDC_PRESS_BLD_MEAN", ("mm[Hg]",), "8478-0"),
    Term(Metric.IBP_SYSTOLIC, 150033, "MDC_PRESS_BLD_ART_SYS", ("mm[Hg]",)),
    Term(Metric.IBP_SYSTOLIC, 150037, "MDC_PRESS_BLD_ART_ABP_SYS", ("mm[Hg]",)),
    Term(Metric.IBP_DIASTOLIC, 150034, "MDC_PRESS_BLD_ART_DIA", ("mm[Hg]",)),
    Term(Metric.IBP_DIASTOLIC, 150038, "MDC_PRESS_BLD_ART_ABP_DIA", ("mm[Hg]",)),
    Term(Metric.IBP_MEAN, 150035, "MDC_PRESS_BLD_ART_MEAN", ("mm[Hg]",)),
    Term(Metric.IBP_MEAN, 150039, "MDC_PRESS_BLD_ART_ABP_MEAN", ("mm[Hg]",)),
    Term(Metric.CVP_MEAN, 150087, "MDC_PRESS_BLD_VEN_CENT_MEAN", ("mm[Hg]",)),
    Term(Metric.RESPIRATION_RATE, 151562, "MDC_RESP_RATE", ("/min",), "9279-1"),
    Term(Metric.RESPIRATION_RATE, 151552, "MDC_RESP", ("/min",)),
    Term(Metric.RESPIRATION_RATE, 151570, "MDC_AWAY_RESP_RATE", ("/min",)),
    Term(Metric.RESPIRATION_RATE, 151658, "MDC_PULS_OXIM_PLETH_RESP_RATE", ("/min",)),
    Term(Metric.RESPIRATION_RATE_IMPEDANCE, 151578, "MDC_TTHOR_RESP_RATE", ("/min",)),
    Term(Metric.RESPIRATION_RATE_CO2, 151594, "MDC_CO2_RESP_RATE", ("/min",)),
    Term(Metric.ETCO2, 151728, "MDC_AWAY_CO2_ET", ("mm[Hg]",)),
    Term(Metric.ETCO2, 151708, "MDC_CONC_AWAY_CO2_ET", ("%",)),
    Term(Metric.FICO2, 151736, "MDC_AWAY_CO2_INSP", ("mm[Hg]",)),
    Term(Metric.FICO2, 151716, "MDC_CONC_AWAY_CO2_INSP", ("%",)),
    Term(Metric.IMCO2, 151738, "MDC_AWAY_CO2_INSP_MIN", ("mm[Hg]",)),
    Term(Metric.FIO2, 152196, "MDC_CONC_AWAY_O2_INSP", ("%",), "3150-6"),
    Term(Metric.FIO2, 151920, "MDC_VENT_CONC_AWAY_O2_INSP", ("%",)),
    Term(Metric.ETO2, 152440, "MDC_CONC_AWAY_O2_ET", ("%",)),
    Term(Metric.N2O_END_TIDAL, 152108, "MDC_CONC_AWAY_N2O_ET", ("%",)),
    Term(Metric.N2O_INSPIRED, 152192, "MDC_CONC_AWAY_N2O_INSP", ("%",)),
    Term(Metric.TEMPERATURE, 150344, "MDC_TEMP", ("Cel", "[degF]"), "8310-5"),
    Term(Metric.TEMPERATURE, 150364, "MDC_TEMP_BODY", ("Cel", "[degF]"), "8310-5"),
    Term(Metric.TEMPERATURE, 150368, "MDC_TEMP_CORE", ("Cel", "[degF]")),
    Term(Metric.TEMPERATURE, 150372, "MDC_TEMP_ESOPH", ("Cel", "[degF]")),
    Term(Metric.TEMPERATURE, 150388, "MDC_TEMP_SKIN", ("Cel", "[degF]")),
    Term(Metric.TEMPERATURE, 150392, "MDC_TEMP_TYMP", ("Cel", "[degF]")),
    Term(Metric.TEMPERATURE, 188420, "MDC_TEMP_RECT", ("Cel", "[degF]")),
    Term(Metric.TEMPERATURE, 188424, "MDC_TEMP_ORAL", ("Cel", "[degF]")),
    Term(Metric.TEMPERATURE, 188428, "MDC_TEMP_EAR", ("Cel", "[degF]")),
    Term(Metric.TEMPERATURE, 188496, "MDC_TEMP_AXIL", ("Cel", "[degF]")),
    Term(Metric.TEMPERATURE_DIFFERENCE, 188440, "MDC_TEMP_DIFF", ("Cel",)),
    Term(Metric.ST_I, 131841, "MDC_ECG_AMPL_ST_I", ("mV",)),
    Term(Metric.ST_II, 131842, "MDC_ECG_AMPL_ST_II", ("mV",)),
    Term(Metric.ST_III, 131901, "MDC_ECG_AMPL_ST_III", ("mV",)),
    Term(Metric.ST_AVR, 131902, "MDC_ECG_AMPL_ST_AVR", ("mV",)),
    Term(Metric.ST_AVL, 131903, "MDC_ECG_AMPL_ST_AVL", ("mV",)),
    Term(Metric.ST_AVF, 131904, "MDC_ECG_AMPL_ST_AVF", ("mV",)),
    Term(Metric.ST_V1, 131843, "MDC_ECG_AMPL_ST_V1", ("mV",)),
    Term(Metric.ST_V2, 131844, "MDC_ECG_AMPL_ST_V2", ("mV",)),
    Term(Metric.ST_V3, 131845, "MDC_ECG_AMPL_ST_V3", ("mV",)),
    Term(Metric.ST_V4, 131846, "MDC_ECG_AMPL_ST_V4", ("mV",)),
    Term(Metric.ST_V5, 131847, "MDC_ECG_AMPL_ST_V5", ("mV",)),
    Term(Metric.ST_V6, 131848, "MDC_ECG_AMPL_ST_V6", ("mV",)),
    Term(Metric.ECG_RHYTHM, 184327, "MDC_ECG_STAT_RHY", ()),
    Term(Metric.ECG_ECTOPIC, 184326, "MDC_ECG_STAT_ECT", ()),
    Term(Metric.ECG_ARRHYTHMIA, 148496, "MDC_ECG_ARRHY", ("1",)),
    Term(Metric.PVC_RATE, 148066, "MDC_ECG_V_P_C_RATE", ("/min",)),
    Term(Metric.PVC_COUNT, 148065, "MDC_ECG_V_P_C_CNT", ("{beat}",)),
    Term(Metric.QT_INTERVAL, 147232, "MDC_ECG_TIME_PD_QT_GL", ("ms",)),
    Term(Metric.QTC_INTERVAL, 147236, "MDC_ECG_TIME_PD_QTc", ("ms",)),
    Term(Metric.RESPIRATION_IMPEDANCE, 151780, "MDC_IMPED_TTHOR", ()),
    Term(Metric.BISPECTRAL_INDEX, 192590, "NOM_EEG_BISPECTRAL_INDEX", ("1",)),
    Term(Metric.BIS_SIGNAL_QUALITY, 192589, "NOM_EEG_BIS_SIG_QUAL_INDEX", ("%",)),
    Term(Metric.EEG_SUPPRESSION_RATIO, 192586, "", ("%",)),
    Term(Metric.EEG_BURST_SUPPRESSION, 155024, "MDC_EEG_PAROX_CRTX_BURST_SUPPRN", ("%",)),
    Term(Metric.EEG_SPECTRAL_EDGE, 153992, "MDC_EEG_FREQ_PWR_SPEC_CRTX_SPECTRAL_EDGE", ("Hz",)),
    Term(Metric.BODY_WEIGHT, 188736, "MDC_MASS_BODY_ACTUAL", ("kg",), "29463-7"),
    Term(Metric.BODY_HEIGHT, 188740, "MDC_LEN_BODY_ACTUAL", ("cm",), "8302-2"),
    Term(Metric.PATIENT_WEIGHT, 68063, "MDC_ATTR_PT_WEIGHT", ("kg",), "29463-7"),
    Term(Metric.INFUSION_RATE, 157784, "MDC_FLOW_FLUID_PUMP", ("mL/h",)),
    Term(Metric.INFUSION_RATE, 158014, "MDC_FLOW_FLUID_PUMP_CURRENT", ("mL/h",)),
    Term(Metric.INFUSION_RATE_SET, 16935000, "MDC_FLOW_FLUID_PUMP_SETTING", ("mL/h",)),
    Term(Metric.DOSE_RATE, 157924, "MDC_RATE_DOSE", ("mg/h", "ug/kg/min", "mg/kg/h")),
    Term(Metric.DOSE_RATE, 157804, "MDC_FLOW_DRUG_DELIV", ("mg/h",)),
    Term(Metric.VOLUME_INFUSED, 157864, "MDC_VOL_FLUID_DELIV", ("mL",)),
    Term(Metric.VOLUME_INFUSED_SEGMENT, 157992, "MDC_VOL_FLUID_DELIV_SEGMENT", ("mL",)),
    Term(Metric.VOLUME_INFUSED_SOURCE_TOTAL, 157993, "MDC_VOL_FLUID_DELIV_TOTAL", ("mL",)),
    Term(Metric.VOLUME_INFUSED_TOTAL, 157948, "MDC_VOL_INFUS_ACTUAL_TOTAL", ("mL",)),
    Term(Metric.VOLUME_INFUSED_TOTAL, 158080, "MDC_VOL_FLUID_DELIV_PUMP_TOTAL", ("mL",)),
    Term(Metric.VOLUME_INFUSED_SET_TOTAL, 157888, "MDC_VOL_FLUID_DELIV_TOTAL_SET", ("mL",)),
    Term(Metric.VOLUME_INFUSED_METHOD_TOTAL, 158084, "MDC_VOL_FLUID_DELIV_METHOD_TOTAL", ("mL",)),
    Term(Metric.VOLUME_TO_BE_INFUSED, 157884, "MDC_VOL_FLUID_TBI", ("mL",)),
    Term(Metric.VOLUME_REMAINING, 157872, "MDC_VOL_FLUID_TBI_REMAIN", ("mL",)),
    Term(Metric.TIME_REMAINING, 157916, "MDC_TIME_PD_REMAIN", ("min", "s")),
    Term(Metric.TIME_PROGRAMMED, 157996, "MDC_TIME_PD_PROG", ("min", "s")),
    Term(Metric.TIME_REMAINING_CONTAINER, 157997, "MDC_TIME_PD_REMAIN_CONTAINER", ("min", "s")),
    Term(Metric.DRUG_NAME, 184514, "MDC_DRUG_NAME_LABEL", ()),
    Term(Metric.DRUG_NAME, 184330, "MDC_DRUG_NAME_TYPE", ()),
    Term(Metric.DRUG_ID, 184515, "MDC_DRUG_ID", ()),
    Term(Metric.DRUG_CONCENTRATION, 157760, "MDC_CONC_DRUG", ("mg/mL", "ug/mL")),
    Term(Metric.BOLUS_DOSE, 157816, "MDC_DOSE_DRUG_BOLUS", ("mg",)),
    Term(Metric.PCA_DOSE, 158017, "MDC_DOSE_PCA_PATIENT", ("mg", "mL")),
    Term(Metric.LOADING_DOSE, 158018, "MDC_DOSE_LOADING", ("mg", "mL")),
    Term(Metric.CLINICIAN_DOSE, 158019, "MDC_DOSE_CLINICIAN", ("mg", "mL")),
    Term(Metric.INTERMITTENT_DOSE, 158023, "MDC_DOSE_INTERMITTENT", ("mg", "mL")),
    Term(Metric.DOSE_TO_BE_INFUSED, 157999, "MDC_DOSE_DRUG_TBI", ("mg",)),
    Term(Metric.DOSE_REMAINING, 158000, "MDC_DOSE_DRUG_TBI_REMAIN", ("mg",)),
    Term(Metric.DOSE_DELIVERED_TOTAL, 158001, "MDC_DOSE_DRUG_DELIV_TOTAL", ("mg",)),
    Term(Metric.DOSE_DELIVERED, 158002, "MDC_DOSE_DRUG_DELIV", ("mg",)),
    Term(Metric.DOSE_DELIVERED_SEGMENT, 158003, "MDC_DOSE_DRUG_DELIV_SEGMENT", ("mg",)),
    Term(Metric.SYRINGE_SIZE, 157880, "MDC_VOL_SYRINGE", ("mL",)),
    Term(Metric.SYRINGE_VOLUME, 157984, "MDC_VOL_SYRINGE_ACTUAL", ("mL",)),
    Term(Metric.SYRINGE_TYPE, 184476, "MDC_SYRINGE_TYPE", ()),
    Term(Metric.SYRINGE_MANUFACTURER, 184488, "MDC_SYRINGE_MANUFACTURER", ()),
    Term(Metric.PUMP_MODE, 184504, "MDC_PUMP_MODE", ()),
    Term(Metric.TCI_MODE, 158069, "MDC_PUMP_TCI_MODE", ()),
    Term(Metric.TCI_MODEL, 158070, "MDC_PUMP_TCI_MODEL", ()),
    Term(Metric.TCI_TARGET, 158124, "MDC_CONC_TCI_TARGET", ("ug/mL",)),
    Term(Metric.TCI_PLASMA, 158128, "MDC_CONC_TCI_CURRENT_PLASMA", ("ug/mL",)),
    Term(Metric.TCI_EFFECT_SITE, 158132, "MDC_CONC_TCI_CURRENT_EFFECT", ("ug/mL",)),
    Term(Metric.POWER_STATE, 67925, "MDC_ATTR_POWER_STAT", ()),
    Term(Metric.BATTERY_CHARGE, 67996, "MDC_ATTR_VAL_BATT_CHARGE", ("%",)),
    Term(Metric.BATTERY_TIME_REMAINING, 67976, "MDC_ATTR_TIME_BATT_REMAIN", ("min",)),
    Term(Metric.BATTERY_STATUS, 68020, "MDC_ATTR_BATT_STAT", ()),
    Term(Metric.CARDIAC_OUTPUT, 150276, "MDC_OUTPUT_CARD", ("L/min",)),
    Term(Metric.PCA_DOSE_LIMIT, 157985, "MDC_DOSE_PCA_LIMIT", ("mg",)),
    Term(Metric.PCA_VOLUME_LIMIT, 157986, "MDC_VOL_PCA_DOSE_LIMIT", ("mL",)),
    Term(Metric.PCA_LIMIT_PERIOD, 157987, "MDC_TIME_PD_PCA_DOSE_LIMIT", ("min", "h")),
    Term(Metric.PCA_MAX_DOSES_PER_HOUR, 157988, "MDC_RATE_PCA_MAX_DOSES_PER_HOUR", ("/h",)),
    Term(Metric.PCA_LOCKOUT, 157989, "MDC_TIME_PCA_LOCKOUT", ("min",)),
    Term(Metric.PCA_DOSES_GIVEN, 157990, "MDC_NUM_PATIENT_DOSES_GIVEN_TOTAL", ("1",)),
    Term(Metric.PCA_DOSES_ATTEMPTED, 157991, "MDC_NUM_PATIENT_DOSES_ATTEMPTED_TOTAL", ("1",)),
    Term(Metric.PROGRAM_COMPLETION_MODE, 158007, "MDC_PUMP_PROGRAM_COMPLETION_MODE", ()),
    Term(Metric.PROGRAM_DELIVERY_MODE, 158008, "MDC_DEV_PUMP_PROGRAM_DELIVERY_MODE", ()),
    Term(Metric.PROGRAM_STATUS, 158009, "MDC_PUMP_PROGRAM_STATUS", ()),
    Term(Metric.SOURCE_LABEL, 158012, "MDC_DEV_PUMP_SOURCE_CHANNEL_LABEL", ()),
    Term(Metric.DRUG_LIBRARY_CARE_AREA, 184516, "MDC_PUMP_DRUG_LIBRARY_CARE_AREA", ()),
    Term(Metric.DRUG_LIBRARY_VERSION, 184517, "MDC_PUMP_DRUG_LIBRARY_VERSION", ()),
    Term(Metric.DRUG_LIBRARY_NAME, 184520, "MDC_PUMP_DRUG_LIBRARY_NAME", ()),
    Term(Metric.NOT_DELIVERING_REASON, 158006, "MDC_PUMP_NOT_DELIVERING_REASON", ()),
    Term(Metric.ACTIVE_SOURCES, 158016, "MDC_DEV_PUMP_ACTIVE_SOURCES", ()),
    Term(Metric.ENABLED_SOURCES, 158015, "MDC_PUMP_ENABLED_SOURCES", ()),
    Term(Metric.DELIVERY_STATUS, 158005, "MDC_DEV_PUMP_CURRENT_DELIVERY_STATUS", ()),
    Term(Metric.INFUSING_STATUS, 184519, "MDC_PUMP_INFUSING_STATUS", ()),
    Term(Metric.PUMP_STATUS, 184508, "MDC_PUMP_STAT", ()),
    Term(Metric.CHANNEL_RELAY_STATE, 158071, "MDC_PUMP_RELAY_STATE", ()),
)

TERM_BY_CODE: Final = {term.code: term for term in TERMS}
TERM_BY_REFID: Final = {term.refid: term for term in TERMS}
TERM_BY_METRIC: Final = {term.metric: term for term in reversed(TERMS)}

# Units of metrics that no registered code describes.
_PLAIN_UNITS: Final = {
    Metric.BOLUS_VOLUME: ("mL",),
    Metric.BOLUS_RATE: ("mL/h",),
    Metric.STANDBY_REMAINING: ("min",),
    Metric.CARBOXYHAEMOGLOBIN: ("%",),
    Metric.METHAEMOGLOBIN: ("%",),
    Metric.PLETH_VARIABILITY_INDEX: ("%",),
}


def units_of(metric: Metric) -> tuple[str, ...]:
    """Give the UCUM units in which a metric may come, preferred first; empty for text and counts."""
    term = TERM_BY_METRIC.get(metric)
    return term.units if term else _PLAIN_UNITS.get(metric, ())
