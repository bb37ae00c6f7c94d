"""An alarm's rows, laid out as IHE ACM does: the event, and one row for each thing to know of it."""

from datetime import datetime
from typing import Final

from drivers.vocabulary import AlarmCode, Priority
from simulators.api import Signal
from simulators.ihe_pcd.writer import Obx, escape

# Event codes of ISO/IEEE 11073 partition 3 for what the models call alarms; without one: unknown, and the text tells.
EVENTS: Final = {
    AlarmCode.OCCLUSION: "196940^MDC_EVT_FLUID_LINE_OCCL^MDC",
    AlarmCode.AIR_IN_LINE: "197200^MDC_EVT_FLUID_LINE_AIR^MDC",
    AlarmCode.NEAR_END: "197334^MDC_EVT_VOL_INFUS_NEAR_COMP^MDC",
    AlarmCode.EMPTY: "196634^MDC_EVT_EMPTY^MDC",
    AlarmCode.INFUSION_COMPLETE: "197332^MDC_EVT_VOL_INFUS_COMP^MDC",
    AlarmCode.STANDBY_OVER: "258048^MDC_EVT_STANDBY_WARN^MDC",
    AlarmCode.SYRINGE: "197218^MDC_EVT_SYRINGE_BARREL_CAPTURE^MDC",
    AlarmCode.DOOR: "197084^MDC_EVT_DOOR_POSN_ERR^MDC",
    AlarmCode.FLOW: "196950^MDC_EVT_FLOW_LO^MDC",
    AlarmCode.PUMP_UNATTENDED: "197330^MDC_EVT_CALLBACK^MDC",
    AlarmCode.BATTERY_LOW: "196802^MDC_EVT_BATT_LO^MDC",
    AlarmCode.BATTERY_EMPTY: "197336^MDC_EVT_BATT_DEPL^MDC",
    AlarmCode.POWER_LOSS: "197342^MDC_EVT_PWR_LOSS^MDC",
    AlarmCode.APNOEA: "199680^MDC_EVT_APNEA^MDC",
    AlarmCode.LIMIT_HIGH: "196648^MDC_EVT_HI^MDC",
    AlarmCode.LIMIT_LOW: "196670^MDC_EVT_LO^MDC",
    AlarmCode.DESATURATION: "196670^MDC_EVT_LO^MDC",
    AlarmCode.LEAD_OFF: "196880^MDC_EVT_LEAD_OFF^MDC",
    AlarmCode.NO_SENSOR: "196916^MDC_EVT_SENSOR_DISCONN^MDC",
    AlarmCode.MALFUNCTION: "196678^MDC_EVT_MALF^MDC",
    AlarmCode.STOPPED_BY_USER: "197340^MDC_EVT_EMER_STOP^MDC",
}
UNKNOWN_EVENT: Final = "197348^MDC_EVT_UNKNOWN^MDC"
PRIORITIES: Final = {Priority.HIGH: "PH", Priority.MEDIUM: "PM", Priority.LOW: "PL", Priority.NONE: "PN"}
PHYSIOLOGICAL: Final = frozenset(
    {AlarmCode.LIMIT_HIGH, AlarmCode.LIMIT_LOW, AlarmCode.DESATURATION, AlarmCode.APNOEA, AlarmCode.ASYSTOLE}
)


def facets(signal: Signal, phase: str, state: str, place: str, equipment: str, time: datetime) -> list[Obx]:
    """Write an alarm's beginning or end."""
    priority = PRIORITIES[signal.priority]
    kind = "SP" if signal.code in PHYSIOLOGICAL else "ST"
    said = (
        ("68480^MDC_ATTR_ALERT_SOURCE^MDC", equipment.partition("^")[0]),
        ("68481^MDC_ATTR_EVENT_PHASE^MDC", phase),
        ("68482^MDC_ATTR_ALARM_STATE^MDC", state),
        ("68483^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC", "enabled"),
        ("68484^MDC_ATTR_ALARM_PRIORITY^MDC", priority),
        ("68485^MDC_ATTR_ALERT_TYPE^MDC", kind),
        ("68546^MDC_ATTR_ALERT_TEXT^MDC", escape(signal.text)),
    )
    event = EVENTS.get(signal.code, UNKNOWN_EVENT)
    flags = f"{priority}~{kind}"
    first = Obx("196616^MDC_EVT_ALARM^MDC", f"{place}.1", event, "", "CWE", flags, time, equipment)
    return [first, *(Obx(code, f"{place}.{n}", word, kind="ST") for n, (code, word) in enumerate(said, start=2))]
