"""An infusion pump's rows, in the new model (Rev 11, IPEC) and the old one (Vol 3 Rev 9), and what it announces."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from drivers.vocabulary import InfusionState
from simulators.api import PumpView
from simulators.ihe_pcd.writer import Obx, escape

ABOUT: Final = "999999^Infusion^99SIM"
MODEL: Final = "67880^MDC_ATTR_ID_MODEL^MDC"

ML_H: Final = "265266^MDC_DIM_MILLI_L_PER_HR^MDC^mL/h^mL/h^UCUM"
MG_KG_H: Final = "265650^MDC_DIM_MILLI_G_PER_KG_PER_HR^MDC^mg/kg/h^mg/kg/h^UCUM"
ML: Final = "263762^MDC_DIM_MILLI_L^MDC"
SECONDS: Final = "264320^MDC_DIM_X_SEC^MDC"
MINUTES: Final = "264352^MDC_DIM_MIN^MDC"
MG_ML: Final = "264306^MDC_DIM_MILLI_G_PER_ML^MDC"
KG: Final = "263875^MDC_DIM_KILO_G^MDC"
PERCENT: Final = "262688^MDC_DIM_PERCENT^MDC"

_S = InfusionState
FLOWING: Final = frozenset({_S.INFUSING, _S.BOLUS})

# 158005, and 158006 of a source that doesn't deliver.
DELIVERY: Final = {
    _S.INFUSING: ("delivering", ""), _S.BOLUS: ("delivering", ""), _S.KVO: ("kvo", ""),
    _S.PURGE: ("transitioning", ""), _S.UNKNOWN: ("transitioning", ""), _S.PAUSED: ("not-delivering", "by-clinician"),
    _S.STOPPED: ("not-delivering", "by-clinician"), _S.STANDBY: ("not-delivering", "standby"),
    _S.OFF: ("not-delivering", "powered-off"),
}  # fmt: skip
ALARMING: Final = "alarming"
OLD_STATUS: Final = {
    _S.INFUSING: "infusing", _S.BOLUS: "infusing", _S.KVO: "kvo", _S.PAUSED: "paused", _S.STANDBY: "standby",
}  # fmt: skip
READY: Final = "ready"

# 68487: number and REFID, by what has happened.
STARTED: Final = "197288^MDC_EVT_PUMP_DELIV_START^MDC"
STOPPED: Final = "197290^MDC_EVT_PUMP_DELIV_STOP^MDC"
COMPLETED: Final = "197292^MDC_EVT_PUMP_DELIV_COMP^MDC"
SOURCE: Final = "70071^MDC_DEV_PUMP_INFUSATE_SOURCE_PRIMARY^MDC"


class Model(NamedTuple):
    """Where things stand in one generation's tree."""

    mds: str
    vmd: str
    channels: Mapping[str, str]  # place -> code
    source: str  # the place of the source channel


NEW: Final = Model(
    "70053^MDC_DEV_PUMP_INFUS_SYRINGE_MDS^MDC",
    "70054^MDC_DEV_PUMP_INFUS_SYRINGE_VMD^MDC",
    {"1.1.1": "70067^MDC_DEV_PUMP_DELIVERY_INFO^MDC", "1.1.2": SOURCE, "1.1.3": "70091^MDC_DEV_PUMP_SYRINGE_INFO^MDC"},
    "1.1.2",
)
OLD: Final = Model(
    "69985^MDC_DEV_PUMP_INFUS_MDS^MDC",
    "69986^MDC_DEV_PUMP_INFUS_VMD^MDC",
    {"1.1.1": "126977^MDC_DEV_PUMP_INFUS_CHAN_SOURCE^MDC", "1.1.2": "126978^MDC_DEV_PUMP_INFUS_CHAN_DELIVERY^MDC"},
    "1.1.1",
)


def rows(view: PumpView, model: Model, equipment: str) -> list[Obx]:
    """Say what a pump shows."""
    metrics = _new(view) if model is NEW else _old(view)
    return [*_tree(model, equipment), *_with_channels(model, metrics)]


def event_rows(view: PumpView, model: Model, equipment: str, event: str) -> list[Obx]:
    """Say what has happened, and the state at that moment."""
    happened = [
        Obx("68487^MDC_ATTR_EVT_COND^MDC", "1.1.0.1", event, kind="CWE"),
        Obx("68488^MDC_ATTR_EVT_SOURCE^MDC", "1.1.0.2", model.channels[model.source], kind="CWE"),
    ]
    metrics = _new(view) if model is NEW else _old(view)
    return [*_tree(model, equipment), *happened, *_with_channels(model, metrics)]


def event_of(before: PumpView, now: PumpView) -> str:
    """Name what happened between two views; empty: nothing that is announced."""
    was_flowing, flows = before.state in FLOWING, now.state in FLOWING
    if flows and not was_flowing:
        return STARTED
    if was_flowing and (now.state is _S.KVO or (not flows and now.volume_left == 0)):
        return COMPLETED
    if now.state not in (*FLOWING, _S.KVO) and (was_flowing or before.state is _S.KVO):
        return STOPPED
    return ""


def _tree(model: Model, equipment: str) -> list[Obx]:
    return [
        Obx(model.mds, "1.0.0.0", equipment=equipment),
        Obx(MODEL, "1.0.0.1", "Simulated pump", kind="ST"),
        Obx(model.vmd, "1.1.0.0"),
    ]


def _with_channels(model: Model, metrics: Sequence[Obx]) -> list[Obx]:
    """Put each channel's row before its metrics."""
    said: list[Obx] = []
    for place, code in model.channels.items():
        said.append(Obx(code, f"{place}.0"))
        said += [row for row in metrics if row.place.startswith(f"{place}.")]
    return said


def _new(view: PumpView) -> list[Obx]:
    status, reason = DELIVERY[view.state]
    if reason and view.alarms:
        reason = ALARMING
    infusing = "infusing" if view.state in (*FLOWING, _S.KVO) else "not-infusing"
    said = [
        _word("184519^MDC_PUMP_INFUSING_STATUS^MDC", "1.1.1.101", f"pump-status-{infusing}"),
        Obx("158014^MDC_FLOW_FLUID_PUMP_CURRENT^MDC", "1.1.1.102", view.rate, ML_H, digits=1),
        _word("158016^MDC_DEV_PUMP_ACTIVE_SOURCES^MDC", "1.1.1.103", "pump-source-info-primary"),
        *_source(view, "1.1.2"),
        _word("158005^MDC_DEV_PUMP_CURRENT_DELIVERY_STATUS^MDC", "1.1.2.209", f"pump-delivery-status-{status}"),
        Obx("157880^MDC_VOL_SYRINGE^MDC", "1.1.3.301", view.syringe_size, ML),
        Obx("157984^MDC_VOL_SYRINGE_ACTUAL^MDC", "1.1.3.302", view.syringe_left, ML, digits=1),
    ]
    if reason:
        said.append(_word("158006^MDC_PUMP_NOT_DELIVERING_REASON^MDC", "1.1.2.210", f"pump-stopped-{reason}"))
    return said


def _old(view: PumpView) -> list[Obx]:
    status = OLD_STATUS.get(view.state, READY)
    return [
        *_source(view, "1.1.1"),
        _word("184508^MDC_PUMP_STAT^MDC", "1.1.2.101", f"pump-status-{status}"),
        Obx("157948^MDC_VOL_INFUS_ACTUAL_TOTAL^MDC", "1.1.2.102", view.volume_infused, ML, digits=2),
    ]


def _source(view: PumpView, place: str) -> list[Obx]:
    said = [
        Obx("157784^MDC_FLOW_FLUID_PUMP^MDC", f"{place}.201", view.rate, ML_H, digits=1),
        Obx("157864^MDC_VOL_FLUID_DELIV^MDC", f"{place}.203", view.volume_infused, ML, digits=2),
    ]
    optional = (
        ("157924^MDC_RATE_DOSE^MDC", "202", view.dose_rate, MG_KG_H, 2),
        ("157872^MDC_VOL_FLUID_TBI_REMAIN^MDC", "204", view.volume_left, ML, 2),
        ("157916^MDC_TIME_PD_REMAIN^MDC", "205", view.time_left_s, SECONDS, 0),
        ("157760^MDC_CONC_DRUG^MDC", "206", view.concentration, MG_ML, 2),
        ("68063^MDC_ATTR_PT_WEIGHT^MDC", "208", view.weight_kg, KG, 1),
    )
    said += [
        Obx(code, f"{place}.{label}", value, unit, digits=digits)
        for code, label, value, unit, digits in optional
        if value is not None
    ]
    if view.drug:
        said.append(Obx("184514^MDC_DRUG_NAME_LABEL^MDC", f"{place}.207", escape(view.drug), kind="ST"))
    return said


def _word(code: str, place: str, word: str) -> Obx:
    return Obx(code, place, f"^{word}", kind="CWE")
