"""Philips IntelliVue patient monitors: data export over LAN (UDP 24105) or the serial MIB port."""

from drivers.api import Family, Line
from drivers.intellivue.driver import IntellivueDialogue, IntellivueSettings
from drivers.intellivue.requests import (
    Associate,
    Created,
    FollowNumerics,
    FollowWaves,
    KeepAlive,
    ReadNumerics,
    Release,
    recognise,
)

FAMILY = Family(
    name="intellivue",
    title="Philips IntelliVue MP2-MP90, MX, X2 and X3 (Data Export)",
    dialogue=IntellivueDialogue,
    settings=IntellivueSettings,
    requests=frozenset({Associate, Release, Created, KeepAlive, ReadNumerics, FollowNumerics, FollowWaves}),
    recognise=recognise,
    line=Line(baudrate=115200),
    silent_after_s=10.0,
    link_loss="none known: the monitor ends the association after some seconds without a question (10 to 130: the "
    "guide, as a public header quotes it); five public clients come and go so",
    evidence="foreign bytes",
    unconfirmed=(
        "association accept (constructed after the description of a real one), refuse",
        "MDS create",
        "answers to polls, single, extended and linked",
        "alert lists",
        "waves, one and several in an object",
        "waves that a monitor offers without having been told which",
        "operation refused (ROER)",
        "19200 baud of older monitors",
    ),
    ports=("udp", "serial"),
)
