"""What each pump family can say of an infusion, as a table: docs/pumps.md promises it, the tests show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from drivers.vocabulary import AlarmCode, EventKind, InfusionState

S = InfusionState
A = AlarmCode

# The pump model's alarms that have a word of their own in most protocols.
COMMON: Final = {
    code: code
    for code in (
        A.OCCLUSION, A.AIR_IN_LINE, A.EMPTY, A.INFUSION_COMPLETE, A.KVO_END, A.BATTERY_EMPTY, A.NEAR_END, A.BATTERY_LOW,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Promise:
    """How one family says what the pump model does."""

    family: str
    simulator: Mapping[str, Any] = field(default_factory=dict)  # settings of the simulated pump
    states: Mapping[InfusionState, InfusionState] = field(default_factory=dict)  # what it says instead of another
    has_status: bool = True  # else a rate above 0 is infusing, and 0 unknown
    alarms: Mapping[AlarmCode, AlarmCode] = field(default_factory=dict)  # those that it tells, in which word
    kvo_alarm: AlarmCode | None = None  # that stands as long as KVO does, because nothing else tells it
    forgets_alarms: bool = False  # an alarm ends by being told
    says_rate: bool = True  # the flow, beyond doubt
    says_left: bool = False  # volume still to be infused
    announces: Mapping[tuple[InfusionState, InfusionState], EventKind] = field(default_factory=dict)  # besides
    ml: float = 0.01  # resolution of the infused volume
    counts: bool = True  # has a counter of the infused volume at all
    key: str = ""  # of the pump on its link
    note: str = ""


PROMISES: Final = (
    Promise(
        "bbraun_space",
        simulator={"bitwords": True},
        alarms=COMMON,
        says_left=True,
        key="11",
        note="SpaceStation with bit words",
    ),
    Promise(
        "bbraun_space",
        states={S.PAUSED: S.STOPPED},
        alarms=COMMON,
        says_left=True,
        key="11",
        note="flags only: a pause is a stop",
    ),
    Promise(
        "ihe_pcd",
        simulator={"profile": "pump_new"},
        states={S.PAUSED: S.STOPPED, S.BOLUS: S.INFUSING},
        alarms=COMMON,
        says_left=True,
        announces={(S.KVO, S.STOPPED): EventKind.INFUSION_STOPPED},
        key="00112200000BADF0",
        note="new model of DEV TF Rev. 11; announces also the end of KVO",
    ),
    Promise(
        "ihe_pcd",
        simulator={"profile": "pump_old"},
        states={S.PAUSED: S.STOPPED, S.BOLUS: S.INFUSING},
        alarms=COMMON,
        says_left=True,
        announces={(S.KVO, S.STOPPED): EventKind.INFUSION_STOPPED},
        key="00112200000BADF1",
        note="old model of PCD TF Rev. 9; announces also the end of KVO",
    ),
    Promise(
        "alaris",
        states={S.PAUSED: S.STOPPED, S.STANDBY: S.STOPPED, S.BOLUS: S.INFUSING, S.PURGE: S.UNKNOWN},
        alarms={**COMMON, A.AIR_IN_LINE: A.MALFUNCTION, A.EMPTY: A.INFUSION_COMPLETE, A.KVO_END: A.INFUSION_COMPLETE},
        kvo_alarm=A.INFUSION_COMPLETE,
    ),
    Promise("fresenius_vial", has_status=False, key="1"),
    Promise(
        "baxter_as50",
        states=dict.fromkeys(S, S.UNKNOWN),
        counts=False,
        note="the programmed rate, whether it runs or not",
    ),
    Promise(
        "neurowave_ap4000",
        states={
            **dict.fromkeys((S.KVO, S.PAUSED, S.STOPPED, S.STANDBY, S.OFF), S.UNKNOWN),
            **dict.fromkeys((S.BOLUS, S.PURGE), S.INFUSING),
        },
        alarms={**COMMON, A.EMPTY: A.INFUSION_COMPLETE, A.KVO_END: A.INFUSION_COMPLETE},
        says_left=True,
        note="no delivery status, but the volume that is left",
    ),
    Promise(
        "terumo",
        states={S.PAUSED: S.STOPPED, S.KVO: S.UNKNOWN},
        alarms={
            **COMMON,
            A.AIR_IN_LINE: A.UNKNOWN,
            A.BATTERY_EMPTY: A.UNKNOWN,
            A.EMPTY: A.INFUSION_COMPLETE,
            A.KVO_END: A.INFUSION_COMPLETE,
        },
        kvo_alarm=A.INFUSION_COMPLETE,
    ),
    Promise(
        "graseby",
        states={S.PAUSED: S.STOPPED, S.BOLUS: S.INFUSING},
        alarms={code: word for code, word in COMMON.items() if code is not A.NEAR_END},
        says_rate=False,
        counts=False,
        note="numbers are in doubt until the return codes are known",
    ),
    Promise(
        "bbraun_dianet",
        states=dict.fromkeys(S, S.UNKNOWN),
        counts=False,
        note="identity alone: more would be a write",
    ),
    Promise(
        "bbraun_dianet",
        simulator={"asked_every_s": 5.0},
        states={S.PAUSED: S.STOPPED},
        alarms=COMMON,
        kvo_alarm=A.UNKNOWN,
        ml=0.1,
        key="A",
        note="overheard beside a controller",
    ),
    Promise(
        "new_era",
        states={S.STANDBY: S.STOPPED, S.BOLUS: S.INFUSING, S.KVO: S.INFUSING},
        alarms={A.OCCLUSION: A.FLOW, A.EMPTY: A.FLOW},
        forgets_alarms=True,
        note="KVO and a bolus are phases; reading an alarm ends it",
    ),
    Promise("sapphire", simulator={"batch_s": 0.5}, has_status=False, says_left=True),
)
