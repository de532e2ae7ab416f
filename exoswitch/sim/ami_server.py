"""Core: the AMI of a simulated Asterisk: it answers actions with responses and lists. Events come from the calls."""

from collections.abc import Callable
from hashlib import md5
from random import Random
from typing import ClassVar

from attrs import define, field

from exoswitch.ami.actions import LEG_ADDRESS
from exoswitch.ami.message import AmiMessage
from exoswitch.errors import InvalidValue
from exoswitch.sim.ami_trunks import FOR_REPORTERS, TRUNK_ACTIONS
from exoswitch.sim.channel import Header, event
from exoswitch.sim.event_filter import EventFilter
from exoswitch.sim.exchange import AmiConnection, Disconnect, Send
from exoswitch.sim.pbx import SimulatedPbx
from exoswitch.sim.phone_call import Origin, PhoneCall
from exoswitch.sim.script import parse_script

_RING_TIMEOUT_MS = 30_000  # Asterisk's default for Originate
_BEFORE_LOGIN = frozenset({"login", "challenge", "logoff"})
_REPORTS = _BEFORE_LOGIN | FOR_REPORTERS | {"ping", "events", "getvar", "coreshowchannels"}


@define(kw_only=True)
class AmiServer:
    """The AMI connections of a simulated Asterisk. Its answers become effects of the `pbx`.

    `reporter` is a second user with the same secret, whose manager.conf says ``write = reporting``.
    """

    pbx: SimulatedPbx
    username: str = "exoswitch"
    reporter: str = "reporter"
    secret: str = field(default="secret", repr=False)
    rng: Random = field(factory=Random, repr=False)

    def connected(self, connection: int) -> None:
        """Add a new connection."""
        self.pbx.exchange.connections[connection] = AmiConnection(connection)

    def disconnected(self, connection: int) -> None:
        """Remove a connection."""
        self.pbx.exchange.connections.pop(connection, None)

    def receive(self, connection: int, action: AmiMessage, now: float) -> None:
        """Carry out an action of a connection, and answer it."""
        state = self.pbx.exchange.connections[connection]
        name = action.get("Action").lower()
        if not any(name in actions for actions in (self._ACTIONS, self._CALL_ACTIONS, TRUNK_ACTIONS)):
            self._refuse(state, action, f"Invalid/unknown command: {action.get('Action')}.")
        elif not _may(state, name):
            self._refuse(state, action, "Permission denied")
        elif name in self._ACTIONS:
            self._ACTIONS[name](self, state, action, now)
        elif name in TRUNK_ACTIONS:
            for first, *headers in TRUNK_ACTIONS[name](self.pbx, action, now):
                self._send(state, action, first, *headers)
        else:
            carry_out, unknown = self._CALL_ACTIONS[name]
            if (call := self.pbx.find(action.get("Channel"))) is None:
                self._refuse(state, action, unknown.format(action.get("Channel")))
            else:
                carry_out(self, call, state, action, now)

    def _answer(self, state: AmiConnection, action: AmiMessage, response: str, *headers: Header) -> None:
        self._send(state, action, ("Response", response), *headers)

    def _refuse(self, state: AmiConnection, action: AmiMessage, text: str) -> None:
        self._answer(state, action, "Error", ("Message", text))

    def _send(self, state: AmiConnection, action: AmiMessage, first: Header, *headers: Header) -> None:
        own = (("ActionID", action.action_id),) if action.action_id else ()
        self.pbx.exchange.do(Send(state.number, AmiMessage((first, *own, *headers))))

    # --- the connection

    def _challenge(self, state: AmiConnection, action: AmiMessage, _now: float) -> None:
        state.challenge = str(self.rng.randrange(10**8, 10**9))
        self._answer(state, action, "Success", ("Challenge", state.challenge))

    def _login(self, state: AmiConnection, action: AmiMessage, _now: float) -> None:
        key = md5((state.challenge + self.secret).encode(), usedforsecurity=False).hexdigest()
        by_key = action.get("AuthType").upper() == "MD5" and state.challenge and action.get("Key") == key
        username = action.get("Username")
        if username not in {self.username, self.reporter} or not (by_key or action.get("Secret") == self.secret):
            self._refuse(state, action, "Authentication failed")
            self.pbx.exchange.do(Disconnect(state.number))
            return
        state.is_logged_in = True
        state.may_only_report = username == self.reporter
        state.wants_events = action.get("Events", "on").lower() != "off"
        self._answer(state, action, "Success", ("Message", "Authentication accepted"))
        if self.pbx.is_booted:
            self.pbx.exchange.do(Send(state.number, event("FullyBooted", ("Status", "Fully Booted"))))

    def _log_off(self, state: AmiConnection, action: AmiMessage, _now: float) -> None:
        self._answer(state, action, "Goodbye", ("Message", "Thanks for all the fish."))
        self.pbx.exchange.do(Disconnect(state.number))

    def _ping(self, state: AmiConnection, action: AmiMessage, now: float) -> None:
        self._answer(state, action, "Success", ("Ping", "Pong"), ("Timestamp", f"{now:.6f}"))

    def _events(self, state: AmiConnection, action: AmiMessage, _now: float) -> None:
        state.wants_events = action.get("EventMask").lower() not in {"off", "no", "false"}
        self._answer(state, action, "Success", ("Events", "On" if state.wants_events else "Off"))

    def _filter(self, state: AmiConnection, action: AmiMessage, _now: float) -> None:
        criterion = EventFilter.parse(action.get("MatchCriteria"), action.get("Filter"))
        if action.get("Operation").lower() != "add" or criterion is None:
            self._refuse(state, action, "Filter format error")
            return
        state.filters.append(criterion)
        self._answer(state, action, "Success", ("Message", "Filter added successfully"))

    # --- calls

    def _originate(self, state: AmiConnection, action: AmiMessage, now: float) -> None:
        channel_id, dialled = action.get("ChannelId"), action.get("Channel")
        if action.get("Application") == "ChanSpy":
            self._tap(state, action)
            return
        if not self.pbx.is_booted or not all((dialled, action.get("Context"), action.get("Exten"))):
            self._refuse(state, action, "Originate failed")
            return
        self._answer(state, action, "Success", ("Message", "Originate successfully queued"))
        origin = Origin(
            action_id=action.action_id,
            dialled=dialled,
            timeout_s=int(action.get("Timeout") or _RING_TIMEOUT_MS) / 1000,
            context=action.get("Context"),
            extension=action.get("Exten"),
        )
        self.pbx.originate(
            origin,
            channel_id=channel_id,
            caller_id=action.get("CallerID").partition("<")[2].rstrip(">") or action.get("CallerID"),
            variables=dict(_assignment(text) for text in action.get_all("Variable")),
            now=now,
        )

    def _tap(self, state: AmiConnection, action: AmiMessage) -> None:
        self._answer(state, action, "Success", ("Message", "Originate successfully queued"))
        origin = Origin(
            action_id=action.action_id, dialled=action.get("Channel"), timeout_s=30.0, context="", extension=""
        )
        channel_id, _, options = action.get("Data").partition(",")
        self.pbx.tap(origin, action.get("ChannelId"), channel_id, one_side="o" in options)

    def _agi(self, call: PhoneCall, state: AmiConnection, action: AmiMessage, _now: float) -> None:
        if call.origin is not None:  # A call that we placed is never in AGI.
            self._refuse(state, action, f"Failed to add AGI command to channel {call.channel.name} queue")
            return
        self._answer(state, action, "Success", ("Message", "Added AGI command to queue"))
        call.command(action.get("CommandID"), action.get("Command"))

    def _hang_up(self, call: PhoneCall, state: AmiConnection, action: AmiMessage, _now: float) -> None:
        self._answer(state, action, "Success", ("Message", "Channel Hungup"))
        call.hang_up(int(action.get("Cause") or 16))

    def _set_variable(self, call: PhoneCall, state: AmiConnection, action: AmiMessage, _now: float) -> None:
        call.variables[action.get("Variable")] = action.get("Value")
        self._answer(state, action, "Success", ("Message", "Variable Set"))
        self.pbx.exchange.tell(call.channel.set_variable(action.get("Variable"), action.get("Value")))

    def _get_variable(self, call: PhoneCall, state: AmiConnection, action: AmiMessage, _now: float) -> None:
        variable = action.get("Variable")
        if variable == LEG_ADDRESS:
            value = call.leg_address
        else:
            value = call.application if variable == "CHANNEL(appname)" else call.variables.get(variable, "")
        self._answer(state, action, "Success", ("Variable", variable), ("Value", value))

    def _redirect(self, call: PhoneCall, state: AmiConnection, action: AmiMessage, now: float) -> None:
        self._answer(state, action, "Success", ("Message", "Redirect successful"))
        self.pbx.redirect(call, action.get("Context"), action.get("Exten"), now)

    def _play_dtmf(self, call: PhoneCall, state: AmiConnection, action: AmiMessage, _now: float) -> None:
        self._answer(state, action, "Success", ("Message", "DTMF successfully queued"))
        if action.get("Receive").lower() in {"true", "yes", "1"}:
            call.press(action.get("Digit"), int(action.get("Duration") or 100))

    def _show_channels(self, state: AmiConnection, action: AmiMessage, _now: float) -> None:
        self._answer(state, action, "Success", ("EventList", "start"), ("Message", "Channels will follow"))
        shown = 0
        for call in self.pbx.calls.values():
            for channel in (call.channel, call.leg):
                if channel is not None:
                    shown += 1
                    self._send(state, action, ("Event", "CoreShowChannel"), *channel.headers(), *call.where(channel))
        complete = (("EventList", "Complete"), ("ListItems", str(shown)))
        self._send(state, action, ("Event", "CoreShowChannelsComplete"), *complete)

    def _simulate_call(self, state: AmiConnection, action: AmiMessage, _now: float) -> None:
        """Make an inbound call. A real Asterisk does not have this action."""
        try:
            script = parse_script(action.get("Script"))
        except InvalidValue as problem:
            self._refuse(state, action, str(problem))
            return
        call = self.pbx.arrive(action.get("Caller"), action.get("Callee"), script)
        self._answer(state, action, "Success", ("Uniqueid", call.channel.unique_id))

    _ACTIONS: ClassVar[dict[str, Callable[["AmiServer", AmiConnection, AmiMessage, float], None]]] = {
        "challenge": _challenge,
        "login": _login,
        "logoff": _log_off,
        "ping": _ping,
        "events": _events,
        "filter": _filter,
        "originate": _originate,
        "coreshowchannels": _show_channels,
        "simulatecall": _simulate_call,
    }
    # Actions on the call of a channel, each with Asterisk's answer for an unknown channel.
    _CALL_ACTIONS: ClassVar[
        dict[str, tuple[Callable[["AmiServer", PhoneCall, AmiConnection, AmiMessage, float], None], str]]
    ] = {
        "agi": (_agi, "Channel {} does not exist."),
        "hangup": (_hang_up, "No such channel"),
        "setvar": (_set_variable, "No such channel"),
        "getvar": (_get_variable, "No such channel"),
        "redirect": (_redirect, "Channel does not exist: {}"),
        "playdtmf": (_play_dtmf, "Channel not found"),
    }


def _may(state: AmiConnection, name: str) -> bool:
    if not state.is_logged_in:
        return name in _BEFORE_LOGIN
    return not state.may_only_report or name in _REPORTS


def _assignment(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.lstrip("_"), value
