"""Core: one call of a simulated Asterisk, with the events of a real one (22.10), in its order."""

import re
from collections.abc import Callable
from urllib.parse import quote

from attrs import define, field, frozen

from exoswitch.ami.message import AmiMessage
from exoswitch.ami.names import (
    FIRST_VARIABLE,
    LEG_VARIABLE,
    LOCAL_ADDRESS,
    LOCAL_PORT,
    OWNER_VARIABLE,
    SECOND_CONTEXT,
)
from exoswitch.sim.channel import Channel, ChannelState, dial_event, event
from exoswitch.sim.exchange import CloseMedia, Effect, Exchange, JoinMedia, OpenMedia
from exoswitch.sim.refusals import cause_of, dial_status_of
from exoswitch.sim.script import Answer, DeadTrunk, Heard, Refuse, Ring, Script

_LEG = re.compile(r"UnicastRTP/\[?(?P<host>[^/\]]+?)\]?:(?P<port>\d+)/c\((?P<codec>\w+)\)")
_EXEC_DIAL = re.compile(r'EXEC Dial "?([^"]+)"?')
_CLAIM = re.compile(rf"GET FULL VARIABLE \$\{{SET\({OWNER_VARIABLE}=\$\{{IF\(.*\?(?P<claimant>[^:]+):.*")
_BEING_DIALLED, _WAITING = ("AppDial2", "(Outgoing Line)"), ("AGI", "agi:async")
_SETUP_S = 0.005
_NORMAL_CLEARING, _NO_ANSWER, _NO_CIRCUIT = 16, 19, 34
_TEMPORARILY_UNAVAILABLE = 480
# The Reason of OriginateResponse (AST_CONTROL_* in include/asterisk/frame.h). 22.10 gives 0 for a busy phone too.
_FAILED, _RING_TIMEOUT, _ANSWERED = 0, 3, 4


@frozen(kw_only=True)
class Origin:
    """The fields of the Originate that began the call."""

    action_id: str
    dialled: str = field(repr=False)
    timeout_s: float
    context: str
    extension: str


@define(eq=False)
class PhoneCall:
    """A call between a phone and a gateway, or a `partner`, another phone.

    `channel` is the phone's, `leg` the gateway's. `find` finds a call by its channel: see `SimulatedPbx.find`.
    """

    _exchange: Exchange
    channel: Channel
    script: Script
    origin: Origin | None = None
    variables: dict[str, str] = field(factory=dict)
    find: Callable[[str], "PhoneCall | None"] = field(default=lambda _channel: None, repr=False)
    partner: "PhoneCall | None" = field(init=False, default=None, repr=False)
    taps: list["PhoneCall"] = field(init=False, factory=list, repr=False)
    leg: Channel | None = field(init=False, default=None)
    leg_address: str = field(init=False, default="")  # as Asterisk answers the question about a leg
    is_bridged: bool = field(init=False, default=False)
    is_over: bool = field(init=False, default=False)
    _legs: int = field(init=False, default=0)
    _application: tuple[str, str] = field(init=False, default=_BEING_DIALLED)
    _dialling: str | None = field(init=False, default=None)  # the CommandID of the AGI command that dials

    # --- outbound

    def dial(self, now: float) -> None:
        """Dial the phone. The script decides the reception."""
        reception = self.script.reception
        if reception == DeadTrunk():
            self._exchange.later(now + _SETUP_S, self._find_dead)
            return
        variables = (self.channel.set_variable(name, value) for name, value in self.variables.items())
        self._exchange.tell(self.channel.event("Newchannel"), *variables, dial_event("DialBegin", None, self.channel))
        if self.origin:
            self._exchange.later(now + self.origin.timeout_s, self._time_out)
        if isinstance(reception, Refuse) and reception.heard is Heard.NOTHING:
            self._exchange.later(now + max(_SETUP_S, reception.after_s), self._refuse)
        elif reception != Ring(is_heard=False):
            self._exchange.later(now + _SETUP_S, self._ring)

    def _find_dead(self, _now: float) -> None:
        if not self.is_over:
            self.fail_without_channel()
            self._exchange.do(CloseMedia(self.channel.unique_id))

    def fail_without_channel(self) -> None:
        """End a call that has no channel. Nothing but the answer to the Originate tells of it."""
        self.is_over = True
        self._exchange.tell(self._response("Failure", _FAILED))

    def _ring(self, now: float) -> None:
        if self.is_over:
            return
        reception = self.script.reception
        if isinstance(reception, Refuse) and reception.heard is Heard.ANNOUNCEMENT:
            self._exchange.tell(dial_event("DialState", None, self.channel, ("DialStatus", "PROGRESS")))
        else:
            self._exchange.tell(
                self.channel.entered(ChannelState.RINGING),
                dial_event("DialState", None, self.channel, ("DialStatus", "RINGING")),
            )
        match reception:
            case Answer(after_s):
                self._exchange.later(now + after_s, self.answer)
            case Refuse(_, after_s):
                self._exchange.later(now + after_s, self._refuse)

    def answer(self, _now: float = 0.0) -> None:
        """Pick up the phone. Does nothing if it does not ring."""
        if self.is_over or self.origin is None or self.channel.state is ChannelState.UP:
            return
        self._exchange.tell(
            self.channel.entered(ChannelState.UP),
            dial_event("DialEnd", None, self.channel, ("DialStatus", "ANSWER")),
            self._response("Success", _ANSWERED),
        )
        self.enter(self.origin.context, self.origin.extension)

    def _refuse(self, _now: float) -> None:
        if self.is_over or not isinstance(self.script.reception, Refuse):
            return
        sip_status = self.script.reception.sip_status
        cause = cause_of(sip_status)
        request = self.channel.event("HangupRequest", ("Cause", str(cause)), ("TechCause", str(sip_status)))
        self._fail(cause, request, self._dial_end(cause), sip_status=sip_status)

    def _time_out(self, _now: float) -> None:
        """End the ringing. Asterisk sends no DialEnd here."""
        if not self.is_over and self.channel.state is not ChannelState.UP:
            self._exchange.tell(self._response("Failure", _RING_TIMEOUT))
            self._end(_NO_ANSWER, _TEMPORARILY_UNAVAILABLE)  # a 480 that nobody sent (measured)

    def _dial_end(self, cause: int) -> AmiMessage:
        return dial_event("DialEnd", None, self.channel, ("DialStatus", dial_status_of(cause)))

    def _fail(self, cause: int, *events: AmiMessage, sip_status: int | None = None) -> None:
        """End a call that was not answered; the answer to the Originate comes before, among or after these events."""
        place = self._exchange.rng.randrange(len(events) + 2)
        self._exchange.tell(*events[:place])
        if place <= len(events):
            self._exchange.tell(self._response("Failure", _FAILED), *events[place:])
        self._end(cause, sip_status)
        if place > len(events):
            self._exchange.tell(self._response("Failure", _FAILED))

    def _response(self, response: str, reason: int) -> AmiMessage:
        """Make the answer to the Originate. A failure has the dial string: its channel may not exist."""
        origin, channel = self.origin, self.channel
        dialled = origin.dialled if origin and response == "Failure" else channel.name
        action_id = (("ActionID", origin.action_id),) if origin and origin.action_id else ()
        return event(
            "OriginateResponse",
            *action_id,
            ("Response", response),
            ("Channel", dialled),
            ("Context", channel.context),
            ("Exten", channel.extension),
            ("Reason", str(reason)),
            ("Uniqueid", channel.unique_id),
            ("CallerIDNum", channel.caller_id),
            ("CallerIDName", "<unknown>"),
        )

    # --- inbound

    def arrive(self) -> None:
        """Arrive from the trunk and wait in the dialplan for a gateway."""
        channel = self.channel
        environment = {
            "agi_request": "async",
            "agi_channel": channel.name,
            "agi_uniqueid": channel.unique_id,
            "agi_callerid": channel.caller_id,
            "agi_dnid": channel.extension,
            "agi_context": channel.context,
            "agi_extension": channel.extension,
        }
        lines = "".join(f"{name}: {value}\n" for name, value in environment.items())
        channel.state = ChannelState.RING
        self._application = _WAITING
        self._exchange.tell(
            channel.event("Newchannel"),
            channel.event("Newexten", ("Application", "AGI"), ("AppData", "agi:async")),
            channel.event("AsyncAGIStart", ("Env", quote(lines, safe=""))),
        )

    @property
    def is_waiting(self) -> bool:
        """Whether this is an inbound call without a bridge to a gateway."""
        return self._application == _WAITING and not self.is_over

    def command(self, command_id: str, command: str) -> None:
        """Carry out an AGI command. While a Dial runs, later commands get no answer."""
        if not self.is_waiting:
            return
        dial, claim = _EXEC_DIAL.fullmatch(command), _CLAIM.fullmatch(command)
        if dial and (target := _LEG.fullmatch(dial[1])):
            self._dialling, self._application = command_id, ("Dial", dial[1])
            self._bridge_to(target)
        elif claim:
            owner = self.variables.setdefault(OWNER_VARIABLE, claim["claimant"])
            self._executed(command_id, f"1 ({owner})")
        else:
            self._executed(command_id, "0")

    def _executed(self, command_id: str, result: str) -> None:
        told = ("Result", quote(f"200 result={result}\n", safe="()")), ("CommandId", command_id)
        self._exchange.tell(self.channel.event("AsyncAGIExec", *told))

    def turn_away(self, context: str, extension: str, until: float) -> None:
        """Go to the place in the dialplan that plays the congestion tone, without an answer."""
        self._go(context, extension, "Playtones", "congestion")
        self._exchange.later(until, self._end_congestion)

    def _end_congestion(self, _now: float) -> None:
        if self._application[0] == "Playtones" and not self.is_over:
            self._end(_NO_CIRCUIT)

    # --- taps

    @property
    def was_led(self) -> bool:
        """Whether the phone was ever connected to a gateway."""
        return self._legs > 0

    def listen(self, spied: "PhoneCall | None", *, one_side: bool) -> None:
        """Send the audio of another call to the gateway: this call is itself the leg, with that call's script.

        Without `one_side`, the audio of its partner is mixed into it, unless a gateway sent audio to it before: then
        a real Asterisk gives that of the partner or not, by chance (see `exoswitch.gateway.audio_tap`).
        """
        self._application = "ChanSpy", ""
        target = _LEG.fullmatch(self.origin.dialled) if self.origin else None
        self._exchange.tell(self.channel.event("Newchannel"), dial_event("DialBegin", None, self.channel))
        if spied is None or spied.is_over or target is None:
            self._end(_NORMAL_CLEARING)
            return
        spied.taps.append(self)
        partner = None if one_side or spied.was_led else spied.partner
        self._exchange.do(
            OpenMedia(
                channel_id=self.channel.unique_id,
                host=target["host"],
                port=int(target["port"]),
                codec=target["codec"],
                script=self.script,
                also=None if partner is None else partner.script,
            )
        )

    def _tap_opened(self, host: str, port: int) -> None:
        self.leg_address = f"{self.channel.unique_id},{host},{port}"
        self._exchange.tell(
            self.channel.set_variable(LOCAL_ADDRESS, host),
            self.channel.set_variable(LOCAL_PORT, str(port)),
            self.channel.entered(ChannelState.UP),
            dial_event("DialEnd", None, self.channel, ("DialStatus", "ANSWER")),
            self._response("Success", _ANSWERED),
        )

    # --- both

    @property
    def application(self) -> str:
        """Give the dialplan application of the phone's channel."""
        return self._application[0]

    def where(self, channel: Channel) -> tuple[tuple[str, str], ...]:
        """Give the headers that only the list of channels has."""
        application, data = self._application if channel is self.channel else ("AppDial", "(Outgoing Line)")
        bridge = self.channel.unique_id if self.is_bridged else ""
        return ("Application", application), ("ApplicationData", data), ("BridgeId", bridge)

    def enter(self, context: str, extension: str) -> None:
        """Go to a place in the dialplan that dials the leg of the variable, or joins a first phone. Its leg ends."""
        if context == SECOND_CONTEXT:
            self._join(context, extension)
            return
        leg = self.variables.get(LEG_VARIABLE, "")
        self._go(context, extension, "Dial", leg)
        if target := _LEG.fullmatch(leg):
            self._bridge_to(target)
        else:
            self._end(_NORMAL_CLEARING)

    def _join(self, context: str, extension: str) -> None:
        """Connect the phone with the first one, as the application Bridge does; without that one the call ends."""
        first = self.find(self.variables.get(FIRST_VARIABLE, ""))
        self._go(context, extension, "Bridge", "" if first is None else first.channel.name)
        if first is None or first.is_over:
            self._end(_NORMAL_CLEARING)
            return
        first._drop_leg()  # noqa: SLF001 - of this class
        first.partner, self.partner = self, first
        self._exchange.do(JoinMedia(first._unaddressed, self._unaddressed))  # noqa: SLF001 - as above

    @property
    def _unaddressed(self) -> OpenMedia:
        return OpenMedia(channel_id=self.channel.unique_id, host="", port=0, codec="ulaw", script=self.script)

    def _go(self, context: str, extension: str, application: str, data: str) -> None:
        self._drop_leg()
        self._leave_agi()
        self.channel.context, self.channel.extension = context, extension
        self._application = application, data
        self._exchange.tell(self.channel.event("Newexten", ("Application", application), ("AppData", data)))

    def _leave_agi(self) -> None:
        if self._dialling is not None:
            self._executed(self._dialling, "-1")
        if self._dialling is not None or self._application == _WAITING:
            self._exchange.tell(self.channel.event("AsyncAGIEnd"))
        self._dialling = None

    def _bridge_to(self, target: re.Match[str]) -> None:
        self._legs += 1
        host, port, phone = target["host"], int(target["port"]), self.channel
        unique_id = f"{phone.unique_id}.leg{self._legs}"
        name = f"UnicastRTP/{f'[{host}]' if ':' in host else host}:{port}-0x{self._legs:012x}"
        self.leg = Channel(name, unique_id, phone.unique_id, phone.caller_id, phone.context, phone.extension)
        self._exchange.do(
            OpenMedia(channel_id=phone.unique_id, host=host, port=port, codec=target["codec"], script=self.script)
        )

    def media_opened(self, host: str, port: int) -> None:
        """Send the media's address, and bridge the leg and the phone. This answers an inbound call."""
        leg, phone = self.leg, self.channel
        if self.application == "ChanSpy":
            self._tap_opened(host, port)
        if leg is None or self.is_over:
            return
        self.leg_address = f"{phone.unique_id},{host},{port}"
        self._exchange.tell(
            leg.event("Newchannel"),
            leg.set_variable(LOCAL_ADDRESS, host),
            leg.set_variable(LOCAL_PORT, str(port)),
            dial_event("DialBegin", phone, leg),
            leg.entered(ChannelState.UP),
            dial_event("DialEnd", phone, leg, ("DialStatus", "ANSWER")),
        )
        if phone.state is not ChannelState.UP:
            self._exchange.tell(phone.entered(ChannelState.UP))
        bridge = (("BridgeType", "basic"), ("BridgeTechnology", "simple_bridge"))
        self._exchange.tell(event("BridgeCreate", *bridge), leg.event("BridgeEnter"), phone.event("BridgeEnter"))
        self.is_bridged = True

    def press(self, digit: str, duration_ms: int) -> None:
        """Press a key of the phone. The leg to the gateway reports the digit again, as sent."""
        self._exchange.tell(*self.channel.dtmf(digit, duration_ms, "Received"))
        if self.leg and self.is_bridged:
            self._exchange.tell(*self.leg.dtmf(digit, duration_ms, "Sent"))

    def hang_up(self, cause: int = _NORMAL_CLEARING, *, by_phone: bool = False) -> None:
        """End the call, as the phone or a gateway does. A second call does nothing."""
        if self.is_over:
            return
        if by_phone:
            self._exchange.tell(self.channel.event("HangupRequest", ("Cause", str(cause))))
        if self.origin and self.channel.state is not ChannelState.UP:
            self._fail(cause, self._dial_end(cause))
        else:
            self._end(cause)

    def _end(self, cause: int, sip_status: int | None = None) -> None:
        self.is_over = True
        self._leave_agi()
        self._drop_leg()
        self._exchange.tell(self.channel.hung_up(cause, sip_status))
        self._exchange.do(CloseMedia(self.channel.unique_id))
        for tap in self.taps:
            tap.hang_up()
        partner, self.partner = self.partner, None
        if partner is not None and not partner.is_over:
            partner._end(_NORMAL_CLEARING)  # noqa: SLF001 - of this class

    def _drop_leg(self) -> None:
        if self.leg is not None:
            if self.is_bridged:
                self._exchange.tell(self.channel.event("BridgeLeave"), self.leg.event("BridgeLeave"))
            quality = self.leg.set_variable("RTPAUDIOQOS", "ssrc=1;themssrc=2;lp=0;rxjitter=0.000000;rtt=0.000000")
            self._exchange.tell(quality, self.leg.hung_up(_NORMAL_CLEARING))
        self.leg, self.is_bridged = None, False


@frozen
class CallBegan(Effect):
    """Report a new call. The call may already be over."""

    call: PhoneCall
