"""A gateway writes the trace of a call in threads, and completes it when it stops."""

import pytest
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import deferLater

from exoswitch.call.session import BotTarget
from exoswitch.config.model import (
    AccountConfig,
    AppConfig,
    AsteriskConfig,
    Config,
    RtpConfig,
    TracesConfig,
)
from exoswitch.exotel.stream.observer import Side
from exoswitch.exotel.trace.reading import read_trace
from exoswitch.exotel.trace.replay_gateway import compare, replay
from exoswitch.interfaces.calls import CallRequest
from exoswitch.sim.asterisk import SimulatedAsterisk, read_script
from exoswitch.sim.bot import SimulatedBot
from exoswitch.trunks.sip import SipSettings
from exoswitch.wiring.gateway import Gateway
from tests.harness.e2e.ports import free_port, free_ports


@pytest.mark.loopback
async def test_a_call_is_in_its_trace_when_the_gateway_has_stopped(tmp_path, reactor, serve):
    asterisk = serve(SimulatedAsterisk(reactor=reactor, script=read_script("answer babble=1 digits=5 hangup")))
    bot = serve(SimulatedBot(reactor=reactor))
    gateway = Gateway(config(asterisk, bot, tmp_path / "traces"), reactor, pytest.fail)
    gateway.startService()
    while not gateway.engine.ready:
        await deferLater(reactor, 0.01)
    target = BotTarget(url=bot.url, options=gateway.config.apps["1001"].options())
    request = CallRequest(account="acme1", number="+919812345678", exophone="+918047491899", bot=target)
    session = await gateway.engine.place(request)
    stream = await bot.streams.next()
    stream.mark("at once")
    await stream.closed.next()
    await maybeDeferred(gateway.stopService)
    judge(session, stream, tmp_path / "traces")


def judge(session, stream, folder):
    (path,) = folder.glob(f"*_{session.call_sid}_{session.stream_sid}.jsonl")
    trace = read_trace(path.read_bytes().splitlines())
    said = [message.parsed()["event"] for message in trace.messages(Side.GATEWAY)]
    assert [said[0], said[1], said[-1]] == ["connected", "start", "stop"]
    assert said.count("media") == stream.conversation.media_count
    assert said.count("dtmf") == 1
    assert b"9812345678" not in path.read_bytes()
    assert compare(trace, replay(trace)) == []


def config(asterisk, bot, folder):
    pbx = AsteriskConfig(
        name="pbx", ami=asterisk.endpoint, username=asterisk.username, secret=asterisk.secret, host=asterisk.interface
    )
    return Config(
        rtp=RtpConfig(bind="127.0.0.1", ports=free_ports(8)),
        http=f"tcp:{free_port()}:interface=127.0.0.1",
        asterisks=(pbx,),
        trunks=(SipSettings(name="lab", provider="sip", host="127.0.0.1"),),
        accounts={"acme1": AccountConfig(api_key="key", api_token="token")},
        apps={"1001": AppConfig(account="acme1", url=bot.url, trace="messages")},
        sessions="memory",
        traces=TracesConfig(folder=str(folder)),
    )
