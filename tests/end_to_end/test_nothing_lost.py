"""Promise 2, with real kills: nothing lost, nothing twice, every acknowledged HL7 message in the consumer's table."""

import asyncio
import contextlib
import random
from collections import Counter
from pathlib import Path

import pytest

from tests.end_to_end.parts import HOLES, Line, Program, Sender, Stage, free_port, masimo_line, stage, wait_until

KILLS = 50


async def _talk(line: Line) -> None:
    number = 0
    while True:
        line.say(masimo_line(number))
        number += 1
        await asyncio.sleep(0.02)


def _values(made: Stage) -> Counter[int]:
    """How often each number that the HL7 device sent stands in the consumer's table."""
    return Counter(
        int(observation["raw"])
        for message in made.messages()
        if message.get("family") == "ihe_pcd"
        for observation in message.get("observations", [])
    )


async def _kill_at_random(victim: Program, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.05, 1.4))  # a start takes about 0.6 s: some kills come in the middle of it
        victim.kill()
        victim.start()


def _is_up(gateway: Program) -> bool:
    """A signal that comes in the middle of a start is not told from a kill."""
    return "broker connected" in gateway.said().rpartition("gateway starts")[2]


async def _run(made: Stage, victim: str) -> Sender:
    mqtt_port, hl7_port = free_port(), free_port()
    broker = made.mosquitto(mqtt_port)
    consumer = made.consumer(mqtt_port)
    wait_until(lambda: made.chart.exists(), 10, "the consumer is there")
    wait_until(lambda: (made.folder / "mosquitto.db").exists(), 10, "its session is saved")
    await asyncio.sleep(2.5)  # and the subscription with it: the broker saves every second
    line = Line(made.folder / "port")
    line.plug_in()
    links = (
        f"  line: {{family: masimo, port: 'serial://{line.link}', station: chair1}}\n"
        f"  hl7: {{family: ihe_pcd, port: 'listen://127.0.0.1:{hl7_port}', station: chair2}}\n"
    )
    gateway = made.gateway(made.config(f"{{url: 'mqtt://127.0.0.1:{mqtt_port}'}}", links))
    sender = Sender(hl7_port)
    async with asyncio.TaskGroup() as group:
        talking = [group.create_task(_talk(line)), group.create_task(sender.run())]
        await _kill_at_random({"gateway": gateway, "broker": broker}[victim], seed=2026)
        await asyncio.sleep(3)
        for task in talking:
            task.cancel()
    await asyncio.to_thread(wait_until, lambda: not made.rows(HOLES), 30, "no hole is left")
    with contextlib.suppress(AssertionError):  # the assert of the test itself says which are missing
        await asyncio.to_thread(wait_until, lambda: sender.acknowledged <= set(_values(made)), 20, "all are there")
    await asyncio.to_thread(wait_until, lambda: _is_up(gateway), 30, "the last one started is up")
    assert gateway.stop() == 0
    consumer.kill()
    line.pull_out()
    return sender


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("victim", ["gateway", "broker"])
async def test_fifty_kills_in_mid_stream_lose_nothing_and_repeat_nothing(tmp_path: Path, victim: str) -> None:
    with stage(tmp_path) as made:
        sender = await _run(made, victim)
        values = _values(made)
        assert len(sender.acknowledged) > 100
        assert sender.acknowledged <= set(values), "acknowledged, and not there"
        assert [value for value, count in values.items() if count > 1] == [], "published twice under two ids"
        assert made.rows(HOLES) == []
        first = made.rows("SELECT stream, min(seq) FROM message GROUP BY stream")
        assert [seq for _, seq in first] == [1] * len(first)
