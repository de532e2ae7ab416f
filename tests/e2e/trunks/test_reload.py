"""Trunks that change while calls are up: Asterisk and the gateway read their files again, and no call is dropped."""

import asyncio
import itertools
import json
import os
import signal
import threading

import pytest

from tests.harness.carrier.behaviours import answers
from tests.harness.carrier.load import Load
from tests.harness.carrier.rig import loaded
from tests.harness.e2e.asterisk_server import OPERATOR
from tests.harness.fleet.fleet import eventually

pytestmark = pytest.mark.e2e

CALLS = 50
POLL_S = 0.02


def holds_until(is_over, then):
    """Hold the first calls until this event; the other ones are for another behaviour."""
    held = itertools.count()
    first = answers()

    async def behave(call):
        if next(held) >= CALLS:
            await then(call)
            return
        await first(call)
        while not is_over.is_set():  # noqa: ASYNC110 - of another thread
            await asyncio.sleep(POLL_S)
        await call.hang_up()

    return behave


def test_reload_of_trunks_drops_none_of_fifty_calls(gateway, asterisk, carrier, pairs, bot, file):
    pair = pairs["reloaded"]
    is_reloaded = threading.Event()
    pair.first.behaviour = holds_until(is_reloaded, answers(talk_s=0.3))
    with Load(gateway, bot.url) as load:
        load.begin([pair.number() for _ in range(CALLS)])
        carrier.wait_until(lambda: len(_up(pair)) == CALLS, "the calls are not up")
        config = json.loads(file.read_text())
        entry = next(entry for entry in config["trunks"] if entry["name"] == pair.first.name)
        entry["order"] = 3
        (gateway.folder / "exoswitch.yaml").write_text(json.dumps(config))
        asterisk.render(loaded(gateway.folder / "exoswitch.yaml"))
        with asterisk.login(OPERATOR) as operator:
            operator.ask("Reload", Module="res_pjsip.so")
        os.kill(gateway.pid, signal.SIGHUP)
        eventually(lambda: _is_second(gateway, bot, carrier, pair), lambda: "the order of the trunks is as before")
        assert len(_up(pair)) == CALLS
        is_reloaded.set()
        assert load.lost() == []
    assert all(record.by_us for record in carrier.records.cdrs if record.trunk == pair.first.name)


def _up(pair):
    return [call for call in pair.first.calls if call.answered_at and not call.ended_at]


def _is_second(gateway, bot, carrier, pair):
    """Place a call; say whether it went to the trunk that is the first one now."""
    number = pair.number()
    gateway.wait_for_end(gateway.place(f"0{number[-10:]}", bot.url))
    return carrier.records.tried(number) == [pair.second.name]
