"""Measures the delay that the gateway adds in each direction, on the wire of a real call, and prints it.

No test asserts the delay, because a busy machine adds its own. The target for the gateway's share is 25 ms.
"""

import json
import random
import struct
import time
from collections import Counter

import pytest

from tests.e2e.calls.conftest import NUMBER
from tests.harness.e2e.bot import Bot
from tests.harness.e2e.latency import Wiretap

pytestmark = [pytest.mark.e2e, pytest.mark.delays]

SECONDS = 8


def noise(seconds):
    dice = random.Random(7)
    samples = [dice.randrange(-6000, 6000) for _ in range(8000 * seconds)]
    return struct.pack(f"<{len(samples)}h", *samples)


def test_delay_that_the_gateway_adds_is_measured_in_both_directions(gateway, sipp, phone, capsys):
    with Wiretap() as wire, Bot(echoes=True) as bot:
        phone.play(noise(SECONDS + 4))
        sipp.answer(phone)
        gateway.place(NUMBER, bot.url)
        stream = bot.wait_for_stream()
        stream.wait_for("start")
        time.sleep(SECONDS)
        stream.close()
    rtp_port = rtp_port_of(wire, gateway)
    directions = {"to the bot": wire.to_bot(rtp_port, bot.port), "from the bot": wire.from_bot(rtp_port, bot.port)}
    with capsys.disabled():
        for name, delays in directions.items():
            print(f"\n  the gateway's share {name}: {delays}", end="")  # noqa: T201
    for delays in directions.values():
        assert len(delays.ms) > SECONDS * 40


def rtp_port_of(wire, gateway):
    """Find the gateway's port that received most RTP; the last packets of an earlier call may still arrive."""
    first, last = map(int, json.loads(gateway.config)["rtp"]["ports"].split("-"))
    packets = Counter(ports[1] for _, _, ports, _ in wire.segments() if first <= ports[1] <= last)
    return packets.most_common(1)[0][0]
