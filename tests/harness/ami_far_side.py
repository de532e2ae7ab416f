"""The far side of an AMI link: an Asterisk that a test controls, on memory transports."""

from hashlib import md5

from attrs import define, field
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from exoswitch.ami.message import AmiDecoder, AmiMessage, encode

SECRET = "opensesame"

# How Asterisk 22.10 says of each action that the channel does not exist.
NO_SUCH_CHANNEL = {
    "Hangup": "No such channel",
    "Getvar": "No such channel",
    "Setvar": "No such channel",
    "Redirect": "Channel does not exist: {channel}",
    "AGI": "Channel {channel} does not exist.",
}


class Line(StringTransport):
    """A connection that ends when it is closed, unless `ends` is false."""

    def __init__(self, reactor: MemoryReactorClock) -> None:
        super().__init__()
        self._reactor = reactor
        self.is_open = True
        self.ends = True
        self.protocol: Protocol | None = None

    def loseConnection(self) -> None:
        super().loseConnection()
        if self.ends:
            self._reactor.callLater(0, self.end, ConnectionDone())

    def abortConnection(self) -> None:
        if self.is_open:
            self._reactor.callLater(0, self.end, ConnectionLost())

    def end(self, reason: Exception) -> None:
        if self.is_open:
            self.is_open = False
            self.protocol.connectionLost(Failure(reason))


@define
class FarSide:
    """Takes the connections that a reactor makes, and answers actions.

    `silent` names actions that get no answer, `refused` those that our user may not do, `gone` those that find no
    channel. `values` are those of every channel's variables. A channel whose Hangup was told is `ended`; `legs` are
    the answers about legs that were announced, by channel name.
    """

    reactor: MemoryReactorClock
    boots: bool = True
    silent: set[str] = field(factory=set)
    refused: set[str] = field(factory=set)
    gone: set[str] = field(factory=set)
    channels: list[AmiMessage] = field(factory=list)
    endpoints: list[AmiMessage] = field(factory=list)
    registrations: list[AmiMessage] = field(factory=list)
    rtt_us: int = 0
    refusal: str = "Permission denied"
    contact_status: str = "Reachable"
    values: dict[str, str] = field(factory=dict)
    ended: set[str] = field(factory=set)
    legs: dict[str, dict[str, str]] = field(factory=dict)
    actions: list[AmiMessage] = field(factory=list)
    line: Line | None = None
    decoder: AmiDecoder | None = None

    def accept(self) -> None:
        """Take the newest connection, and send the greeting."""
        factory = self.reactor.tcpClients.pop()[2]
        assert not self.reactor.tcpClients
        self.take(factory.buildProtocol(None))

    def take(self, protocol: Protocol) -> None:
        """Connect to this protocol, and send the greeting."""
        self.line = Line(self.reactor)
        self.line.protocol = protocol
        self.decoder = AmiDecoder(greeting=False)
        protocol.makeConnection(self.line)
        self.give(b"Asterisk Call Manager/11.0.0\r\n")

    def refuse(self) -> None:
        """Refuse the newest attempt to connect."""
        factory = self.reactor.tcpClients.pop()[2]
        factory.clientConnectionFailed(None, Failure(ConnectionLost("refused")))

    def give(self, data: bytes) -> None:
        """Send bytes, then answer the actions that follow."""
        self.line.protocol.dataReceived(data)
        self.serve()

    def tell(self, name: str, *headers: tuple[str, str]) -> None:
        """Raise an event, which is true from now on."""
        told = dict(headers)
        if name == "Hangup":
            self.ended.add(told["Uniqueid"])
        elif name == "VarSet":
            self.legs.setdefault(told["Channel"], {"id": told["Linkedid"]})[told["Variable"]] = told["Value"]
        self.give(encode(AmiMessage((("Event", name), *headers))))

    def serve(self) -> None:
        """Answer the actions that have come."""
        while actions := self.decoder.feed(self.line.value()):
            self.line.clear()
            for action in actions:
                self.actions.append(action)
                if action.get("Action") not in self.silent:
                    self.answer(action)

    def answer(self, action: AmiMessage, response: str = "Success", *headers: tuple[str, str]) -> None:
        """Answer an action as Asterisk would, or with this response."""
        name = action.get("Action")
        if name in self.refused or (name == "Login" and not self._knows(action)):
            response, headers = "Error", (("Message", self.refusal),)
        elif name in self.gone or (name == "Getvar" and action.get("Channel") in self.ended):
            text = NO_SUCH_CHANNEL[name].format(channel=action.get("Channel"))
            response, headers = "Error", (("Message", text),)
        if name == "Challenge" and response == "Success":
            headers = (("Challenge", "123456"),)
        if name == "Getvar" and response == "Success":
            leg = ",".join(self.legs.get(action.get("Channel"), {}).values())
            headers = (("Value", leg or self.values.get(action.get("Variable"), "")),)
        own = ("ActionID", action.action_id)
        self.line.protocol.dataReceived(encode(AmiMessage((("Response", response), own, *headers))))
        if name == "Login" and response == "Success" and self.boots:
            self.tell("FullyBooted")
        if response == "Success":
            self._list(name, own)

    def _list(self, action: str, own: tuple[str, str]) -> None:
        lists = {
            "CoreShowChannels": ("CoreShowChannel", self.channels, "CoreShowChannelsComplete"),
            "PJSIPShowEndpoints": ("EndpointList", self.endpoints, "EndpointListComplete"),
            "PJSIPShowRegistrationsOutbound": (
                "OutboundRegistrationDetail",
                self.registrations,
                "OutboundRegistrationDetailComplete",
            ),
        }
        if action == "PJSIPShowEndpoint":
            self.tell(
                "ContactStatusDetail", own, ("Status", self.contact_status), ("RoundtripUsec", str(self.rtt_us))
            )
            self.tell("EndpointDetailComplete", own, ("EventList", "Complete"))
        if action in lists:
            event, entries, complete = lists[action]
            for entry in entries:
                self.tell(event, own, *entry.headers)
            self.tell(complete, own, ("EventList", "Complete"))

    def _knows(self, login: AmiMessage) -> bool:
        key = md5(f"123456{SECRET}".encode(), usedforsecurity=False).hexdigest()
        return login.get("Username") == "exoswitch" and (login.get("Key") == key or login.get("Secret") == SECRET)

    def asked(self, name: str) -> list[AmiMessage]:
        """Give all actions of this name so far."""
        return [action for action in self.actions if action.get("Action") == name]
