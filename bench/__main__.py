"""`python -m bench [SECTION]...`: all sections, or those named."""

import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import families, hl7_speed, libraries, publishing, recovery, serial_speed, waves

SECTIONS: Final[dict[str, Callable[[], None]]] = {
    "publishing": publishing.main,
    "families": families.main,
    "libraries": libraries.main,
    "waves": waves.main,
    "serial": serial_speed.main,
    "hl7": hl7_speed.main,
    "recovery": recovery.main,
}


def _machine() -> str:
    info = Path("/proc/cpuinfo").read_text()
    model = next((row.split(":", 1)[1].strip() for row in info.splitlines() if row.startswith("model name")), "")
    return f"{info.count('processor')} x {model}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"


def main() -> int:
    wanted = sys.argv[1:] or list(SECTIONS)
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown:
        print(f"no such section: {', '.join(unknown)}; there are {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    print(_machine())
    for name in wanted:
        SECTIONS[name]()
    return 0


sys.exit(main())
