"""Dräger anaesthesia machines and ventilators over MEDIBUS."""

from drivers.api import Family, Line
from drivers.medibus.codec import (
    Echo,
    IdentifyDevice,
    InitialiseCommunication,
    NoOperation,
    ReadAlarms1,
    ReadAlarms2,
    ReadMeasured,
    StopCommunication,
    recognise,
)
from drivers.medibus.driver import MedibusDialogue, MedibusSettings

FAMILY = Family(
    name="medibus",
    title="Dräger anaesthesia machines and ventilators (MEDIBUS)",
    dialogue=MedibusDialogue,
    settings=MedibusSettings,
    requests=frozenset(
        {
            InitialiseCommunication,
            IdentifyDevice,
            ReadMeasured,
            ReadAlarms1,
            ReadAlarms2,
            NoOperation,
            StopCommunication,
            Echo,
        }
    ),
    recognise=recognise,
    line=Line(baudrate=9600, parity="E"),
    link_loss="communication ends after about 3 s without traffic (UNVERIFIED figure); whether the device shows that "
    "is not documented in what was available",
    evidence="foreign bytes",
    unconfirmed=(
        "every answer and every command of the device (contents of alarm records: an Evita 4's log)",
        "answer 15h, not understood",
        "order of % / kPa / mmHg for inspired CO2 (codes DA, FF, E5)",
        "range of the alarm priority character",
        "date and time (28h), settings, texts, page 2 values, realtime data: not built",
    ),
)
