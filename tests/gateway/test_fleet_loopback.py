"""Two whole gateways that share an Asterisk and a Redis: together they never overfill it, whatever befalls Redis."""

import pytest
from twisted.internet.defer import DeferredList
from twisted.internet.task import deferLater

from exoswitch.call.session import BotTarget
from exoswitch.config.model import AccountConfig, AsteriskConfig, Config, GatewayConfig, RtpConfig
from exoswitch.errors import NoCapacity
from exoswitch.interfaces.calls import CallRequest
from exoswitch.sim.asterisk import SimulatedAsterisk, read_script
from exoswitch.sim.bot import SimulatedBot
from exoswitch.trunks.sip import SipSettings
from exoswitch.wiring.gateway import Gateway
from tests.harness.e2e.ports import free_port, free_ports
from tests.harness.networks import LOOPBACK
from tests.harness.redis_server import RedisServer, needs_redis

pytestmark = [pytest.mark.loopback, needs_redis()]

PLACES = 4
FRAMES_A_SECOND = 50
OUTAGE_S = 2.0


@pytest.fixture
def redis(tmp_path):
    server = RedisServer()
    server.start(tmp_path)
    yield server
    server.stop()


class Fleet:
    """Two gateways, their Asterisk and the bot."""

    def __init__(self, reactor, asterisk, bot, redis):
        self.reactor, self.asterisk, self.bot = reactor, asterisk, bot
        self.gateways = [Gateway(self.config(name, redis), reactor, pytest.fail) for name in ("gw1", "gw2")]

    def config(self, name, redis):
        pbx = AsteriskConfig(
            name="pbx1",
            ami=self.asterisk.endpoint,
            username=self.asterisk.username,
            secret=self.asterisk.secret,
            host=self.asterisk.interface,
            capacity=PLACES,
        )
        return Config(
            node=name,
            gateway=GatewayConfig(capacity=10, stop_wait_s=0),
            rtp=RtpConfig(bind="127.0.0.1", ports=free_ports(20)),
            http=f"tcp:{free_port()}:interface=127.0.0.1",
            cluster=f"redis://127.0.0.1:{redis.port}/1",
            sessions="memory",
            asterisks=(pbx,),
            trunks=(SipSettings(name="lab", provider="sip", host="127.0.0.1", cps=1000),),
            private_networks=(LOOPBACK,),
            accounts={"acme1": AccountConfig(api_key="key", api_token="token")},
        )

    async def until(self, is_so):
        while not is_so():
            await deferLater(self.reactor, 0.01)

    def place(self, gateway):
        request = CallRequest(
            account="acme1", number="+919812345678", exophone="+918047491899", bot=BotTarget(url=self.bot.url)
        )
        return gateway.engine.place(request)

    @property
    def live_calls(self):
        return sum(gateway.engine.live for gateway in self.gateways)


@pytest.fixture
def start_fleet(reactor, serve, redis):
    async def start():
        asterisk = serve(SimulatedAsterisk(reactor=reactor, script=read_script("answer babble")))
        bot = serve(SimulatedBot(reactor=reactor))
        fleet = Fleet(reactor, asterisk, bot, redis)
        for gateway in fleet.gateways:
            serve(gateway)
        await fleet.until(lambda: all(gateway.engine.ready and gateway.nodes.is_shared for gateway in fleet.gateways))
        return fleet

    return start


async def test_two_gateways_place_as_many_calls_as_their_asterisk_has_places(redis, start_fleet):
    fleet = await start_fleet()
    asked = [fleet.place(gateway) for _ in range(5) for gateway in fleet.gateways]
    outcomes = await DeferredList(asked, consumeErrors=True)
    refused = [outcome.value for is_placed, outcome in outcomes if not is_placed]
    assert len(refused) == len(asked) - PLACES
    assert {type(problem) for problem in refused} == {NoCapacity}
    assert fleet.live_calls == PLACES
    view = await fleet.gateways[0].nodes.view()
    assert view.asterisks == {"pbx1": PLACES}
    for _ in range(PLACES):
        await fleet.bot.streams.next()
    assert redis.call("DBSIZE") == b":0\r\n"


@pytest.mark.parametrize("outage", ["stopped", "paused"])
async def test_call_in_progress_loses_no_audio_while_redis_is_away_and_is_counted_afterwards(
    redis, outage, start_fleet
):
    fleet = await start_fleet()
    await fleet.place(fleet.gateways[0])
    stream = await fleet.bot.streams.next()
    await deferLater(fleet.reactor, 0.2)
    (redis.stop if outage == "stopped" else redis.pause)()
    heard_before = stream.conversation.media_count
    placed_meanwhile = await fleet.place(fleet.gateways[1])
    began = fleet.reactor.seconds()
    await deferLater(fleet.reactor, OUTAGE_S)

    def is_whole():
        """Whether the bot has a frame for each tick: what a busy machine delays comes, and what is lost does not."""
        ticks = (fleet.reactor.seconds() - began) * FRAMES_A_SECOND - fleet.gateways[0].media.skipped_ticks
        return stream.conversation.media_count - heard_before >= ticks - 2

    await fleet.until(is_whole)
    (redis.start if outage == "stopped" else redis.resume)()
    await fleet.until(lambda: all(gateway.nodes.is_shared for gateway in fleet.gateways))
    for gateway in fleet.gateways:
        await gateway.nodes.renew()
    view = await fleet.gateways[0].nodes.view()
    assert placed_meanwhile.call_sid in {lease.call_sid for lease in view.leases}
    assert len(view.leases) == fleet.live_calls == 2
