"""One call from end to end: a gateway, the simulated Asterisk with a phone, and a bot in another process."""

import treq
from attrs import define, field
from twisted.internet.task import deferLater

from exoswitch.config.model import (
    AccountConfig,
    AppConfig,
    AsteriskConfig,
    Config,
    GatewayConfig,
    RtpConfig,
)
from exoswitch.sim.asterisk import SimulatedAsterisk
from exoswitch.trunks.sip import SipSettings
from tests.harness.e2e.audio import has_tone, level_dbm0, sounding_s
from tests.harness.e2e.ports import free_port, free_ports
from tests.harness.networks import LOOPBACK

ACCOUNT, NUMBER, EXOPHONE = "acme1", "09812345678", "08047491899"
POLL_S = 0.01
PATIENCE_S = 30.0
SECOND_BYTES = 2 * 8000


def gateway_config(asterisk):
    """Configure a gateway for this Asterisk."""
    pbx = AsteriskConfig(
        name="pbx", ami=asterisk.endpoint, username=asterisk.username, secret=asterisk.secret, host=asterisk.interface
    )
    return Config(
        node="gw1",
        gateway=GatewayConfig(stop_wait_s=0),
        rtp=RtpConfig(bind="127.0.0.1", advertise="127.0.0.1", ports=free_ports(8)),
        sessions="memory",
        http=f"tcp:{free_port()}:interface=127.0.0.1",
        asterisks=(pbx,),
        trunks=(SipSettings(name="lab", provider="sip", host="127.0.0.1"),),
        private_networks=(LOOPBACK,),
        accounts={ACCOUNT: AccountConfig(api_key="key", api_token="token", caller_ids=("+918047491899",))},
        apps={"1001": AppConfig(account=ACCOUNT, url="ws://127.0.0.1:1/")},
    )


@define(eq=False)
class PhoneCall:
    """A call, with verbs of its phone and the events of its bot."""

    reactor: object
    asterisk: SimulatedAsterisk
    gateway: object
    bot: object
    sid: str = field(init=False, default="")
    start: dict = field(init=False, factory=dict)
    _call: object = field(init=False)
    _phone: object = field(init=False)
    _seen: int = field(init=False)

    async def dial(self, stream_url):
        """Place the call, and wait until the phone is answered and the bot has got `start`."""
        await self.until(self._is_bot_idle, "an earlier call is still at the bot")
        self._seen = len(self.bot.events)
        await self.until(lambda: self.gateway.engine.ready, "the gateway is not ready")
        form = {"From": NUMBER, "CallerId": EXOPHONE, "StreamUrl": stream_url, "StreamType": "bidirectional"}
        self.sid = (await self._request("POST", "connect.json", form))["Sid"]
        self._call = await self.asterisk.new_calls.next()
        self._phone = await self._call.bridged.next()
        self.start = await self.told("start")
        return self

    async def _request(self, method, path, form=None):
        port = self.gateway.config.http.split(":")[1]
        answer = await treq.request(
            method,
            f"http://127.0.0.1:{port}/v1/Accounts/{ACCOUNT}/Calls/{path}",
            data=form,
            auth=("key", "token"),
            persistent=False,
            timeout=PATIENCE_S,
        )
        content = await treq.json_content(answer)
        assert answer.code == 200, content
        return content["Call"]

    async def until(self, condition, complaint):
        """Wait until a condition is true; give its value."""
        deadline = self.reactor.seconds() + PATIENCE_S
        while not (outcome := condition()):
            assert self.reactor.seconds() < deadline, complaint
            await deferLater(self.reactor, POLL_S)
        return outcome

    # --- the bot

    def _is_bot_idle(self):
        told = [one["event"] for one in self.bot.events]
        return told.count("start") == told.count("closed")

    def all_told(self, event=""):
        """Give the bot's events of this call, or those of one kind."""
        return [one for one in self.bot.events[self._seen :] if event in {"", one["event"]}]

    async def told(self, event, count=1):
        """Wait for so many events of this kind at the bot; give the last."""
        await self.until(lambda: len(self.all_told(event)) >= count, f"the bot did not get {count} {event!r}")
        return self.all_told(event)[count - 1]

    # --- the phone

    @property
    def heard(self):
        """The recording of the phone."""
        return bytes(self._phone.caller.ear.recording)

    @property
    def ticks(self):
        """The number of 20 ms ticks at the phone since the answer."""
        return self._phone.caller.sent

    def press(self, digits):
        """Press keys."""
        self._call.press(digits)

    def hang_up(self):
        """Hang the phone up."""
        self._call.hang_up()

    async def listen(self, seconds):
        """Record the next seconds."""
        start, length = len(self.heard), int(seconds * SECOND_BYTES)
        await self.until(lambda: len(self.heard) >= start + length, "no audio arrives at the phone")
        return self.heard[start : start + length]

    async def hears_tone(self, hz, dbm0):
        """Listen, for up to eight seconds, until a quarter of a second has only this tone.

        A bot that a busy machine delays leaves gaps in its speech, each of which shifts the phase of the tone.
        """
        heard = b""
        for _ in range(8):
            heard += await self.listen(1.0)
            if has_tone(heard, hz, dbm0):
                return
        loud = f"{level_dbm0(heard):.1f} dBm0, sounding {sounding_s(heard)}"
        raise AssertionError(f"no quarter of a second has only {hz} Hz at {dbm0} dBm0; heard: {loud}")

    # --- the call

    async def is_over(self):
        """Wait until the phone is hung up and the gateway is done with the call; give its record."""
        await self.until(lambda: self._call.is_over, "the phone is not hung up")
        assert not self.asterisk.pbx.calls
        await self.until(lambda: not self.gateway.engine.live, "the gateway still has the call")
        return await self.record()

    async def record(self):
        """Ask the REST API what it knows of the call."""
        return await self._request("GET", f"{self.sid}.json")
