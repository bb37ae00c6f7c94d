"""Proof 9: whatever single thing is changed in the gate, a test fails; what none can tell apart is listed, with why."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.prove.families import ROOT

EQUIVALENT = Path(__file__).parent / "equivalent_mutants.txt"
COPIED = ("gateway", "drivers", "simulators", "tests", "pyproject.toml")
# The gate: what judges the final bytes, and the one way to it.
GATE = (
    "gateway.link.x_permit__*",
    "gateway.link.*_permitted__*",
    "gateway.link.*Link*_say__*",
    "gateway.link.*_write__*",
)
TESTS = ("tests/gateway/test_gate.py", "tests/gateway/test_link.py")
UNNOTICED = (0, 5, 33)  # all tests passed, or none was run; anything else is a failure, a crash or a standstill
SETTINGS = f"""
[tool.mutmut]
source_paths = ["gateway/link.py"]
also_copy = ["gateway", "drivers", "simulators", "tests", "pyproject.toml"]
pytest_add_cli_args_test_selection = {json.dumps(TESTS)}
"""


def mutmut(folder: Path, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *args], cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def change(folder: Path, mutant: str) -> str:
    """Give what a mutant says instead: the function, the line as it is, and as it was changed."""
    lines = mutmut(folder, "show", mutant).splitlines()
    was, now = ([line[1:].strip() for line in lines if line[:2] == f"{sign} "] for sign in "-+")
    function = mutant.partition("__mutmut")[0].rpartition("ǁ")[2].removeprefix("gateway.link.x_")
    return f"{function} | {' '.join(was)} | {' '.join(now)}"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_mutant_of_the_gate_survives(tmp_path: Path) -> None:
    for part in COPIED:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / part)
    with (tmp_path / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write(SETTINGS)
    mutmut(tmp_path, "run", *GATE)
    outcome = json.loads((tmp_path / "mutants" / "gateway" / "link.py.meta").read_text(encoding="utf-8"))
    judged = {name: code for name, code in outcome["exit_code_by_key"].items() if code is not None}
    left = {change(tmp_path, name) for name, code in judged.items() if code in UNNOTICED}
    listed = EQUIVALENT.read_text(encoding="utf-8").splitlines()
    known = {line.rpartition(" | ")[0] for line in listed if line and not line.startswith("#")}
    assert len(judged) >= 50, "too few mutants to show anything"
    assert left - known == set(), "these changes of the gate are noticed by no test"
    gate = (ROOT / "gateway" / "link.py").read_text(encoding="utf-8")
    assert all(line.split(" | ")[1] in gate for line in known), "listed as equivalent, but the line is gone"
