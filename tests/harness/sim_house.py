"""A whole gateway in memory and in virtual time, with a simulated Asterisk and a simulated bot."""

import pytest
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import deferLater

from exoswitch.call.session import BotTarget
from exoswitch.call.stream_options import StreamOptions
from exoswitch.config.model import (
    AccountConfig,
    AppConfig,
    AsteriskConfig,
    CallsConfig,
    Config,
    NumberConfig,
    RecordingsConfig,
    RtpConfig,
)
from exoswitch.interfaces.calls import CallRequest
from exoswitch.sim.asterisk import SimulatedAsterisk, read_script
from exoswitch.sim.behaviour import parse_behaviour
from exoswitch.sim.bot import SimulatedBot
from exoswitch.sim.latency import Meters
from exoswitch.sim.virtual_reactor import VirtualReactor
from exoswitch.trunks.sip import SipSettings
from exoswitch.wiring import gateway as wiring
from tests.harness.networks import LOOPBACK

CALLS = CallsConfig(ring_s=20)


class House:
    """A gateway with its Asterisk and its bot, on one virtual reactor, without REST."""

    def __init__(
        self, monkeypatch, *, script="answer-after=1 babble", behaviour="echo", calls=CALLS, recordings="", **options
    ):
        # The web service listens on the default reactor, with real sockets.
        monkeypatch.setattr(wiring, "http_services", lambda *_, **__: ())
        self.reactor, self.meters = VirtualReactor(), Meters()
        self.asterisk = SimulatedAsterisk(
            reactor=self.reactor, script=read_script(script), meters=self.meters, ami_port=5038, **options
        )
        self.bot = SimulatedBot(
            reactor=self.reactor, behaviour=parse_behaviour(behaviour), meters=self.meters, port=8000
        )
        self.recordings = recordings
        self.gateway = wiring.Gateway(self.config(calls), self.reactor, pytest.fail)

    def config(self, calls):
        pbx = AsteriskConfig(
            name="pbx1", ami="tcp:127.0.0.1:5038", username="exoswitch", secret="secret", host="127.0.0.1"
        )
        return Config(
            asterisks=(pbx,),
            rtp=RtpConfig(bind="127.0.0.1", ports=range(20000, 20010)),
            sessions="memory",
            calls=calls,
            trunks=(SipSettings(name="lab", provider="sip", host="127.0.0.1"),),
            private_networks=(LOOPBACK,),
            accounts={"acme1": AccountConfig(api_key="k", api_token="t")},
            apps={"1001": AppConfig(account="acme1", url=self.bot.url)},
            numbers={"+918047491899": NumberConfig(account="acme1", app="1001")},
            recordings=RecordingsConfig(folder=self.recordings),
        )

    def live(self, scenario):
        """Start everything, run a scenario, and stop everything. No delayed call may be left."""
        return self.reactor.run(self._live(scenario))

    async def _live(self, scenario):
        services = [self.asterisk, self.bot, self.gateway]
        for service in services:
            service.startService()
        while not self.gateway.engine.ready:
            await deferLater(self.reactor, 0.1)
        result = await scenario()
        for service in reversed(services):
            await maybeDeferred(service.stopService)
        return result

    async def place(self, url="", *, app=None, recording=None, **options):
        """Call a phone and connect it to an app's bot, or to one at a URL, with these stream options."""
        bot = BotTarget(url=url or self.bot.url, options=StreamOptions(**options))
        if app is not None:
            bot = self.gateway.rules.now.accounts.by_name["acme1"].apps[app]
        return await self.gateway.engine.place(
            CallRequest(
                account="acme1", number="+919812345678", exophone="+918047491899", bot=bot, recording=recording
            )
        )

    async def ending_of(self, session):
        """Wait until a call is over; give its session."""
        while not (found := await self.gateway.engine.find("acme1", session.call_sid)).status.is_final:
            await deferLater(self.reactor, 0.5)
        return found
