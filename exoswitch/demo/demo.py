"""Root: a whole call on one machine, over real sockets: a simulated Asterisk, the real gateway, an echo bot.

It needs no other software. All protocols are real, on the loopback interface: AMI over TCP, RTP over UDP, REST over
HTTP, and the bot's stream over a WebSocket.
"""

import sys
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import treq
from attrs import define, field
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, TimeoutError, maybeDeferred  # noqa: A004 - Twisted's own
from twisted.internet.protocol import DatagramProtocol, Factory
from twisted.internet.task import Cooperator, LoopingCall, deferLater
from twisted.web.client import FileBodyProducer
from twisted.web.http_headers import Headers

from exoswitch.audio.wav import write_wav
from exoswitch.config.model import (
    AccountConfig,
    AppConfig,
    AsteriskConfig,
    Config,
    GatewayConfig,
    NumberConfig,
    RtpConfig,
)
from exoswitch.demo.figures import Figure, judge, table
from exoswitch.demo.transcoding import time_transcoding
from exoswitch.demo.waveform import waveform_svg
from exoswitch.process import end_with_error
from exoswitch.sim.asterisk import SimulatedAsterisk, read_script
from exoswitch.sim.bot import SimulatedBot
from exoswitch.sim.caller import Caller
from exoswitch.sim.conversation import Conversation
from exoswitch.sim.latency import Meters
from exoswitch.trunks.sip import SipSettings
from exoswitch.wiring.gateway import Gateway

_TALK_S = 8.0
_PATIENCE_S = 15.0
_REQUEST_S = 5.0
_RTP_PORTS = 16
_CONNECT = {
    "From": "+919800000001",
    "CallerId": "+918040000000",
    "Url": "http://my.exotel.com/demo/exoml/start_voice/1001",
}

Write = Callable[[str], object]


class DemoFailed(Exception):
    """The demonstration could not make its call."""


def output_files(out_dir: Path) -> tuple[Path, Path]:
    """Give the recording and its picture."""
    return out_dir / "recording.wav", out_dir / "waveform.svg"


def run_demo(reactor: Any, out_dir: Path, *, talk_s: float = _TALK_S, write: Write | None = None) -> Deferred[int]:
    """Make a call, print its measurements, write recording.wav and waveform.svg; give the exit status."""
    return Deferred.fromCoroutine(_demonstrate(reactor, Path(out_dir), talk_s, write or _write_at_once))


def _write_at_once(text: str) -> None:
    sys.stdout.write(text if sys.stdout.isatty() else text.replace("\r", "\n"))
    sys.stdout.flush()


async def _demonstrate(reactor: Any, out_dir: Path, talk_s: float, write: Write) -> int:
    demonstration = Demonstration(reactor, talk_s, write)
    try:
        caller, conversation = await Deferred.fromCoroutine(demonstration.run()).addTimeout(
            talk_s + _PATIENCE_S, reactor
        )
    except (DemoFailed, TimeoutError) as failure:
        write(f"\nThe call failed: {failure}\n")
        return 1
    finally:
        await demonstration.stop()
    figures = judge(caller, conversation, demonstration.meters, talk_s=talk_s, transcoding_ms=time_transcoding())
    write(f"\n\n{table(figures)}\n\n")
    for fault in conversation.faults:
        write(f"  fault against Exotel's protocol: {fault}\n")
    try:
        for path in _save(out_dir, caller, figures):
            write(f"  {path}\n")
    except OSError as error:
        write(f"  {error.filename or out_dir} cannot be written: {error.strerror}\n")
        return 1
    is_good = all(figure.is_good for figure in figures)
    write(f"\nThe call was {'good' if is_good else 'NOT good'}.\n")
    return 0 if is_good else 1


def _save(out_dir: Path, caller: Caller, figures: list[Figure]) -> tuple[Path, Path]:
    """Write the recording of the phone and its picture. The phone's side is left, the bot's side is right."""
    out_dir.mkdir(parents=True, exist_ok=True)
    sides = bytes(caller.spoken), bytes(caller.ear.recording)
    recording, picture = output_files(out_dir)
    recording.write_bytes(write_wav(*sides))
    shown = (figure for figure in figures if figure.name.endswith("p50"))
    note = ", ".join(f"{figure.name} {figure.value:.0f} {figure.unit}" for figure in shown)
    title = "A call through exoswitch, recorded at the phone"
    picture.write_text(waveform_svg(*sides, title=title, labels=("caller", "bot"), note=note), encoding="utf-8")
    return recording, picture


@define
class Demonstration:
    """The three programs of a demonstration, and their call."""

    _reactor: Any
    _talk_s: float
    _write: Write
    meters: Meters = field(init=False, factory=Meters)
    _services: MultiService = field(init=False, factory=MultiService)

    async def run(self) -> tuple[Caller, Conversation]:
        """Start the programs and make the call; give the records of its two ends."""
        self._services.startService()
        script = read_script(f"answer-after=0.3 babble={self._talk_s} hangup")
        asterisk = SimulatedAsterisk(reactor=self._reactor, script=script, meters=self.meters)
        bot = SimulatedBot(reactor=self._reactor, meters=self.meters)
        for service in (asterisk, bot):
            service.setServiceParent(self._services)
        http_port = await _free_port(self._reactor.listenTCP(0, Factory(), interface="127.0.0.1"))
        rtp_port = await _free_port(self._reactor.listenUDP(0, DatagramProtocol(), interface="127.0.0.1"))
        # The gateway passes over taken ports of the range.
        config = _config(asterisk, bot, http_port, range(rtp_port, min(rtp_port + _RTP_PORTS, 65536)))
        Gateway(config, self._reactor, partial(end_with_error, self._reactor)).setServiceParent(self._services)
        url = f"http://127.0.0.1:{http_port}"
        self._write(f"gateway at {url}, simulated Asterisk at {asterisk.endpoint}, echo bot at {bot.url}\n")
        await self._wait_until_ready(url)
        await self._place_call(url)
        return await self._follow_call(asterisk, bot)

    async def stop(self) -> None:
        """Stop the programs, the gateway first."""
        for service in reversed(list(self._services)):
            await maybeDeferred(service.disownServiceParent)

    async def _wait_until_ready(self, url: str) -> None:
        while True:
            answer = await treq.get(f"{url}/readyz", reactor=self._reactor, persistent=False, timeout=_REQUEST_S)
            await treq.content(answer)
            if answer.code == 200:
                return
            await deferLater(self._reactor, 0.05)

    async def _place_call(self, url: str) -> None:
        answer = await treq.post(
            f"{url}/v1/Accounts/demo/Calls/connect.json",
            data=self._form(_CONNECT),
            headers=Headers({"Content-Type": ["application/x-www-form-urlencoded"]}),
            auth=("key", "token"),
            reactor=self._reactor,
            persistent=False,
            timeout=_REQUEST_S,
        )
        text = await treq.text_content(answer)
        if answer.code != 200:
            raise DemoFailed(f"the REST API answered {answer.code}: {text}")

    def _form(self, fields: dict[str, str]) -> FileBodyProducer:
        """Give the body of a form. treq's own body would use the default reactor instead of this one."""
        cooperator = Cooperator(scheduler=lambda work: self._reactor.callLater(0, work))
        return FileBodyProducer(BytesIO(urlencode(fields).encode()), cooperator)

    async def _follow_call(self, asterisk: SimulatedAsterisk, bot: SimulatedBot) -> tuple[Caller, Conversation]:
        call = await asterisk.new_calls.next()
        phone = await call.bridged.next()
        stream = await bot.streams.next()
        progress = LoopingCall(self._show_progress, phone.caller)
        progress.clock = self._reactor
        showing = progress.start(0.5)
        try:
            await call.ended.next()
            await stream.closed.next()
        finally:
            if progress.running:  # it ends by itself if nobody reads the output any more
                progress.stop()
            await showing
        return phone.caller, stream.conversation

    def _show_progress(self, caller: Caller) -> None:
        elapsed_s = self._reactor.seconds() - caller.began_at
        out, back = self.meters.out.summary(), self.meters.back.summary()
        self._write(
            f"\r{elapsed_s:4.1f} s of {self._talk_s:g}: "
            f"{out.recognised:3} frames at the bot after {out.p50_ms:.0f} ms, "
            f"{back.recognised:3} back at the phone after {back.p50_ms:.0f} ms"
        )


def _config(asterisk: SimulatedAsterisk, bot: SimulatedBot, http_port: int, rtp_ports: range) -> Config:
    pbx = AsteriskConfig(
        name="pbx", ami=asterisk.endpoint, username=asterisk.username, secret=asterisk.secret, host=asterisk.interface
    )
    return Config(
        node="demo",
        gateway=GatewayConfig(stop_wait_s=0),
        rtp=RtpConfig(bind="127.0.0.1", advertise="127.0.0.1", ports=rtp_ports),
        sessions="memory",
        http=f"tcp:{http_port}:interface=127.0.0.1",
        asterisks=(pbx,),
        trunks=(SipSettings(name="lab", provider="sip", host="127.0.0.1"),),
        accounts={"demo": AccountConfig(api_key="key", api_token="token")},  # noqa: S106 - nobody's secret
        apps={"1001": AppConfig(account="demo", url=bot.url)},
        numbers={_CONNECT["CallerId"]: NumberConfig(account="demo", app="1001")},
    )


async def _free_port(listening: Any) -> int:
    """Give the number of a bound port, and release it: the gateway needs to know its ports in advance."""
    port: int = listening.getHost().port
    await maybeDeferred(listening.stopListening)
    return port
