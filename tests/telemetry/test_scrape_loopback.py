"""A gateway's ``/metrics``, scraped over HTTP while a call goes through it."""

import re

import pytest
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import deferLater

from exoswitch import __version__
from exoswitch.call.session import BotTarget
from exoswitch.config.model import AccountConfig, AsteriskConfig, Config, RtpConfig
from exoswitch.interfaces.calls import CallRequest
from exoswitch.sim.asterisk import SimulatedAsterisk, read_script
from exoswitch.sim.bot import SimulatedBot
from exoswitch.telemetry.catalogue import METRICS
from exoswitch.trunks.sip import SipSettings
from exoswitch.wiring.gateway import Gateway
from tests.harness.e2e.ports import free_port, free_ports
from tests.harness.networks import LOOPBACK

pytestmark = pytest.mark.loopback

NUMBER, EXOPHONE = "+919812345678", "+918047491899"


@pytest.mark.parametrize("has_own_endpoint", [False, True])
async def test_a_call_shows_in_the_metrics_without_its_number(tmp_path, reactor, serve, has_own_endpoint):
    import treq  # noqa: PLC0415 - it imports the reactor

    asterisk = serve(SimulatedAsterisk(reactor=reactor, script=read_script("answer babble=1 hangup")))
    bot = serve(SimulatedBot(reactor=reactor))
    gateway = Gateway(config(asterisk, tmp_path, has_own_endpoint), reactor, pytest.fail)
    gateway.startService()
    while not gateway.engine.ready:
        await deferLater(reactor, 0.01)
    session = await gateway.engine.place(
        CallRequest(account="acme1", number=NUMBER, exophone=EXOPHONE, bot=BotTarget(url=bot.url))
    )
    await (await bot.streams.next()).closed.next()
    while gateway.engine.live:
        await deferLater(reactor, 0.01)
    page_of_http = await treq.get(f"http://127.0.0.1:{gateway.config.http.split(':')[1]}/metrics", persistent=False)
    await page_of_http.content()
    assert page_of_http.code == (404 if has_own_endpoint else 200)
    port = (gateway.config.metrics or gateway.config.http).split(":")[1]
    response = await treq.get(f"http://127.0.0.1:{port}/metrics", persistent=False)
    page = await treq.text_content(response)
    await maybeDeferred(gateway.stopService)

    assert response.headers.getRawHeaders("content-type")[0].startswith("text/plain; version=")
    ended = 'exoswitch_calls_total{direction="outbound",ended_by="user",status="completed",trunk="lab"} 1.0'
    assert ended in page.splitlines()
    plane = f'plane="{gateway.media.kind}",tick="{gateway.media.tick}"'
    assert f'exoswitch_build_info{{{plane},version="{__version__}"}} 1.0' in page.splitlines()
    names = set(re.findall(r"^# TYPE exoswitch_(\w+) ", page, re.MULTILINE))
    of_trunks = {"trunk_up", "trunk_registered", "trunk_qualify_rtt_seconds"}
    assert METRICS.keys() - names == {"redis_up", *of_trunks}, "only a fleet has Redis, and this trunk tells nothing"
    secret = [NUMBER[-10:], EXOPHONE[-10:], session.call_sid, session.stream_sid, bot.url, "127.0.0.1"]
    assert [text for text in secret if text in page] == []
    assert float(re.search(r'^exoswitch_rtp_packets_total{dir="in"} (\S+)$', page, re.MULTILINE)[1]) > 0


def config(asterisk, folder, has_own_endpoint):
    pbx = AsteriskConfig(
        name="pbx", ami=asterisk.endpoint, username=asterisk.username, secret=asterisk.secret, host=asterisk.interface
    )
    return Config(
        rtp=RtpConfig(bind="127.0.0.1", ports=free_ports(8)),
        http=f"tcp:{free_port()}:interface=127.0.0.1",
        metrics=f"tcp:{free_port()}:interface=127.0.0.1" if has_own_endpoint else "",
        sessions=f"sqlite:///{folder}/calls.db",
        journal=str(folder / "journal"),
        asterisks=(pbx,),
        trunks=(SipSettings(name="lab", provider="sip", host="127.0.0.1"),),
        private_networks=(LOOPBACK,),
        accounts={"acme1": AccountConfig(api_key="key", api_token="token")},
    )
