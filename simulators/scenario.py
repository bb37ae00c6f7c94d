"""What happens during a visit: tables of (minute, what). Minute 0 is the planned start of the infusion."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from simulators.patient import Measure, Shows
from simulators.physiology import Anxiety, Placed, Swing
from simulators.pump import Act, Order

FIRST_MIN: Final = -20.0  # the monitor is switched on
LAST_MIN: Final = 130.0  # the room has been turned over; the next visit begins
BAG_ML: Final = 50.0  # the dose, drawn up to this volume


@dataclass(frozen=True, slots=True)
class Clock:
    """From now on the devices' clocks are wrong by so much."""

    fast_s: float


Story: TypeAlias = tuple[tuple[float, object], ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of visit."""

    title: str
    story: Story
    traits: Mapping[str, float] = field(default_factory=dict)  # of the person, whoever comes
    dose_mg_kg: float = 0.5
    over_min: float = 40.0
    begin_min: float = -0.5  # where a demonstration begins: soon enough to see something
    kvo_rate: float = 3.0
    battery_min: float = 480.0


def _cuffs(over_min: int) -> Story:
    """Measure every ten minutes during the infusion, every fifteen after."""
    minutes = (*range(10, over_min + 1, 10), *range(over_min + 15, 106, 15))
    return tuple((float(minute), Measure()) for minute in minutes)


ARRIVAL: Final[Story] = (
    (-20.0, Anxiety(share=0.9, fades_s=480.0)),
    (-20.0, Shows("probe", "none", 30.0)),
    (-20.0, Shows("leads", False, 40.0)),
    (-20.0, Shows("co2_line", False, 240.0)),
    (-19.5, Placed()),
    (-19.5, Shows("probe", "searching", 12.0)),
    (-19.3, Shows("motion", True, 45.0)),
    (-10.9, Measure()),
    (-10.0, Anxiety()),  # venepuncture
    (-10.0, Shows("motion", True, 20.0)),
    (-8.0, Order(Act.ON)),
    (-7.5, Order(Act.CLEAR)),
    (-7.0, Order(Act.PURGE, rate=600.0, volume=1.5)),
    (-2.0, Measure()),
)

INFUSION: Final[Story] = (
    (-2.5, Order(Act.PROGRAM)),  # rate and volume: from the dose; what has not run yet can't be paused
    (0.0, Order(Act.START)),
)

RESTLESS: Final[Story] = (  # the eye mask comes off: rapid offset, movement
    (46.0, Shows("motion", True, 50.0)),
    (49.0, Shows("probe", "off", 35.0)),
    (49.6, Shows("probe", "searching", 10.0)),
    (52.0, Shows("motion", True, 30.0)),
)

LEAVING: Final[Story] = (
    (90.0, Order(Act.OFF)),
    (104.0, Shows("co2_line", False, 26 * 60.0)),
    (106.0, Shows("leads", False, 24 * 60.0)),
    (108.0, Shows("cuff_state", "off", 22 * 60.0)),
    (110.0, Shows("probe", "off", 60.0)),
    (111.0, Shows("probe", "none", 19 * 60.0)),
    (115.0, Shows("standby", True, 15 * 60.0)),
)

USUAL: Final[Story] = (*ARRIVAL, *INFUSION, *RESTLESS, *LEAVING, *_cuffs(40))
KVO_NOTICED: Final[Story] = ((42.0, Order(Act.CONFIRM)), (44.0, Order(Act.STOP)))

_TROUBLE: Final[Story] = (
    (8.0, Order(Act.OCCLUDE, seconds=50.0)),
    (10.0, Order(Act.START)),
    (15.0, Order(Act.AIR)),
    (16.0, Order(Act.CONFIRM)),
    (17.0, Order(Act.START)),
    (20.0, Order(Act.MAINS_OFF)),  # battery low two minutes later
    (28.0, Order(Act.MAINS_ON)),
    (32.0, Order(Act.BOLUS, rate=300.0, volume=1.0)),
    (45.0, Order(Act.CONFIRM)),  # complete at about 42: KVO
    (50.0, Order(Act.STOP)),
)

_AGITATION: Final[Story] = (
    (24.0, Swing("heart_rate", 20.0, 140.0, 60.0, by=25.0)),
    (24.0, Swing("systolic", 20.0, 140.0, 60.0, by=18.0)),
    (24.0, Swing("respiration_rate", 10.0, 150.0, 30.0, to=28.0)),
    (24.0, Shows("motion", True, 180.0)),
    *((24.2 + 0.5 * number, Shows("probe", "off", 14.0)) for number in range(5)),
    *((24.4 + 0.6 * number, Shows("leads", False, 12.0)) for number in range(4)),
    (25.0, Shows("co2_line", False, 70.0)),
)

# A name may stand for several kinds of visit; they take turns.
SCENARIOS: Final[Mapping[str, tuple[Scenario, ...]]] = {
    "S1": (Scenario("default visit", (*USUAL, *KVO_NOTICED)),),
    "S2": (
        Scenario(
            "hypertensive responder: systolic above 165, monitor alarm",
            (*USUAL, *KVO_NOTICED, (35.0, Measure()), (43.0, Measure())),
            traits={"systolic_gain": 45.0},
            begin_min=28.0,
        ),
    ),
    "S3": (
        Scenario(
            "infusion paused at 18 min for 6 min, then resumed",
            (*USUAL, (18.0, Order(Act.PAUSE)), (24.0, Order(Act.START)), (49.0, Order(Act.STOP))),
            begin_min=17.0,
        ),
        Scenario("infusion stopped at 18 min", (*USUAL, (18.0, Order(Act.STOP))), begin_min=17.0),
    ),
    "S4": (
        Scenario(
            "occlusion, air in line, low battery, end of infusion into KVO",
            (*USUAL, *_TROUBLE),
            begin_min=7.0,
            battery_min=32.0,
        ),
    ),
    "S5": (
        Scenario(
            "cuff error and retry, later NIBP switched off",
            (
                *(item for item in USUAL if item != (10.0, Measure())),
                *KVO_NOTICED,
                (10.0, Measure(fails=True)),
                (11.5, Measure(fails=True)),
                (13.0, Measure()),
                (25.0, Shows("cuff_state", "off", 20 * 60.0)),
            ),
            begin_min=9.0,
        ),
    ),
    "S6": (
        Scenario(
            "probe off, searching, low perfusion, motion",
            (
                *USUAL,
                *KVO_NOTICED,
                (5.0, Shows("probe", "off", 60.0)),
                (6.0, Shows("probe", "searching", 15.0)),
                (9.0, Shows("low_perfusion", True, 90.0)),
                (9.0, Swing("perfusion_index", 10.0, 75.0, 5.0, to=0.2)),
                (12.0, Shows("motion", True, 60.0)),
                (16.0, Shows("probe", "none", 45.0)),
            ),
            begin_min=4.0,
        ),
    ),
    "S7": (
        Scenario(
            "cannula displaced: EtCO2 and RR fall, SpO2 stays",
            (
                *USUAL,
                *KVO_NOTICED,
                (14.0, Swing("etco2", 8.0, 170.0, 10.0, to=4.0)),
                (14.0, Swing("respiration_rate", 8.0, 170.0, 10.0, to=0.0)),
            ),
            begin_min=13.0,
        ),
    ),
    "S8": (Scenario("vomiting and agitation for 3 min", (*USUAL, *KVO_NOTICED, *_AGITATION), begin_min=23.0),),
    "S9": (
        Scenario(
            "true desaturation: EtCO2 rises, then SpO2 falls to 90 over 2 min",
            (
                *USUAL,
                *KVO_NOTICED,
                (22.0, Swing("respiration_rate", 60.0, 180.0, 60.0, to=7.0)),
                (22.0, Swing("etco2", 90.0, 150.0, 90.0, to=54.0)),
                (24.0, Swing("spo2", 120.0, 45.0, 60.0, to=90.0)),
            ),
            begin_min=21.0,
        ),
    ),
    "S10": (
        Scenario(
            "vasovagal reaction at venepuncture: HR 44, systolic 82 for 2 min",
            (
                *USUAL,
                *KVO_NOTICED,
                (-10.0, Swing("heart_rate", 15.0, 120.0, 60.0, to=44.0)),
                (-10.0, Swing("systolic", 15.0, 120.0, 90.0, to=82.0)),
                (-10.0, Swing("diastolic", 15.0, 120.0, 90.0, to=50.0)),
                (-9.6, Measure()),
                (-6.0, Measure()),
            ),
            begin_min=-11.0,
        ),
    ),
    "S12": (
        Scenario(
            "device clocks 24 min fast, corrected at 20 min",
            (*USUAL, *KVO_NOTICED, (FIRST_MIN, Clock(24 * 60.0)), (20.0, Clock(0.0))),
            begin_min=18.0,
        ),
        Scenario(
            "device clocks set one hour forward by hand at 20 min",
            (*USUAL, *KVO_NOTICED, (FIRST_MIN, Clock(0.0)), (20.0, Clock(3600.0))),
            begin_min=18.0,
        ),
    ),
    "S15": (
        Scenario(
            "1.0 mg/kg over 60 min",
            (*ARRIVAL, *INFUSION, *LEAVING, *_cuffs(60), (63.0, Order(Act.STOP))),
            dose_mg_kg=1.0,
            over_min=60.0,
        ),
        Scenario("0.3 mg/kg over 40 min", (*USUAL, *KVO_NOTICED), dose_mg_kg=0.3),
        Scenario("a patient of 110 kg", (*USUAL, *KVO_NOTICED), traits={"weight_kg": 110.0}),
    ),
}
