"""What each pump family can say of an infusion, as a table. What stands here is promised in docs/pumps.md, and shown."""

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
    Promise("alaris"),
    Promise("fresenius_vial", has_status=False),
    Promise("baxter_as50"),
    Promise("neurowave_ap4000"),
    Promise("terumo"),
    Promise("graseby"),
    Promise("new_era"),
)
