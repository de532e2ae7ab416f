"""Calls outlive their gateway, even calls that it accepted just before it was killed."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import deferLater

from exoswitch.call.session import BotTarget, CallStatus
from exoswitch.config.model import AccountConfig, AsteriskConfig, Config, RtpConfig
from exoswitch.interfaces.calls import CallRequest
from exoswitch.sim.asterisk import SimulatedAsterisk, read_script
from exoswitch.sim.bot import SimulatedBot
from exoswitch.trunks.sip import SipSettings
from exoswitch.wiring.gateway import Gateway
from tests.harness.e2e.ports import free_port, free_ports
from tests.harness.networks import LOOPBACK

pytestmark = pytest.mark.loopback

ROOT = Path(__file__).parents[2]
ACCEPTED = 200


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_call_is_shown_by_the_next_gateway(tmp_path, request, kind, reactor, serve):
    address = f"sqlite:///{tmp_path}/calls.db"
    if kind == "postgresql":
        address = request.getfixturevalue("postgres").new_database()

    asterisk = serve(SimulatedAsterisk(reactor=reactor, script=read_script("answer babble=0.5 hangup")))
    bot = serve(SimulatedBot(reactor=reactor))
    first = Gateway(config(asterisk, address, tmp_path), reactor, pytest.fail)
    first.startService()
    await until_ready(reactor, first)
    request = CallRequest(
        account="acme1", number="+919812345678", exophone="+918047491899", bot=BotTarget(url=bot.url)
    )
    session = await first.engine.place(request)
    await (await bot.streams.next()).closed.next()
    await maybeDeferred(first.stopService)

    second = Gateway(evolve(first.config, http=f"tcp:{free_port()}:interface=127.0.0.1"), reactor, pytest.fail)
    second.startService()
    await until_ready(reactor, second)
    found = await second.engine.find("acme1", session.call_sid)
    assert (found.status, found.customer, found.bot) == (CallStatus.COMPLETED, session.customer, session.bot)
    assert found.ending.reason.startswith("the caller hung up")
    await maybeDeferred(second.stopService)
    assert [file.name for file in (tmp_path / "journal").iterdir()] == ["lock"]


def test_accepted_call_is_on_the_disk_after_the_process_is_killed(tmp_path):
    program = [sys.executable, "-m", "tests.harness.accepting", str(tmp_path / "calls.db")]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        told = [process.stdout.readline().strip() for _ in range(ACCEPTED)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.read().split()
    with closing(sqlite3.connect(tmp_path / "calls.db")) as database:
        kept = {call_sid for (call_sid,) in database.execute("SELECT call_sid FROM sessions")}
    assert len(told) >= ACCEPTED
    assert set(told[:-1]) <= kept  # the last line may be torn


async def until_ready(reactor, gateway):
    while not gateway.engine.ready:
        await deferLater(reactor, 0.01)


def config(asterisk, address, folder):
    pbx = AsteriskConfig(
        name="pbx", ami=asterisk.endpoint, username=asterisk.username, secret=asterisk.secret, host=asterisk.interface
    )
    return Config(
        rtp=RtpConfig(bind="127.0.0.1", ports=free_ports(8)),
        http=f"tcp:{free_port()}:interface=127.0.0.1",
        sessions=address,
        journal=str(folder / "journal"),
        asterisks=(pbx,),
        trunks=(SipSettings(name="lab", provider="sip", host="127.0.0.1"),),
        private_networks=(LOOPBACK,),
        accounts={"acme1": AccountConfig(api_key="key", api_token="token")},
    )
