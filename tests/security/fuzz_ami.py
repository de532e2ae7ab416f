"""A fuzz target: a caller's number, name and dialled number in the events of an Asterisk, while another call is up.

The bytes are one of flags, and three texts, each ended by a NUL, which SIP cannot carry. Asterisk 22.10 writes the
number and the extension as they come, escapes the name, and encodes all three in AsyncAGIStart's Env. `one_input`
raises if the victim's call ends, moves or disappears from the list of channels, if the link breaks, if an open action
is answered by the caller, or if a text gets through that no number has.
"""

import re
from urllib.parse import quote_from_bytes

from attrs import define, field

from exoswitch.ami.message import AmiMessage, encode
from exoswitch.call.events import CallArrived, ChannelEvent, ChannelHungUp, MediaAnnounced, SwitchReady
from tests.harness.ami_far_side import FarSide
from tests.harness.ami_rig import switch_rig

VICTIM, LEG, CALLER = "pbx1-1795698061.0", "UnicastRTP/10.0.0.5:20000-0x7f01", "pbx1-1795698061.2"
ANNOUNCED = f"{VICTIM},10.0.1.5,4000"
HAS_FILTER, IN_LIST = 0x01, 0x02  # flags; the rest is the size of the pieces in which the bytes come

LONGEST = 4096  # bytes of a text: Asterisk keeps fewer of each
_CUT_IN_TWO = re.compile(rb"[\x00-\x1f\x7f]{4}[^\x00-\x1f\x7f]")  # the exclude filter of exoswitch.ami.filters


@define
class Asterisk(FarSide):
    """An Asterisk that answers about its channels truthfully; the caller's is in its list as raw bytes."""

    up: set[str] = field(factory=lambda: {VICTIM, LEG, CALLER})
    listed: bytes = b""
    held: list[bytes] | None = None

    def send(self, data: bytes) -> None:
        """Send an answer, but never within an event that is being sent: it would not come so over TCP."""
        if self.held is None:
            self.line.protocol.dataReceived(data)
        else:
            self.held.append(data)

    def answer(self, action: AmiMessage, response: str = "Success", *headers: tuple[str, str]) -> None:
        """Answer an action."""
        own = ("ActionID", action.action_id)
        name = action.get("Action")
        if name == "Getvar":
            known = action.get("Channel") in self.up
            value = ANNOUNCED if "linkedid" in action.get("Variable") else ""
            result = (("Response", "Success"), own, ("Value", value))
            gone = (("Response", "Error"), own, ("Message", "No such channel"))
            self.send(encode(AmiMessage(result if known else gone)))
        elif name == "CoreShowChannels":
            item = encode(AmiMessage((("Event", "CoreShowChannel"), own, ("Channel", "P"), ("Uniqueid", VICTIM))))
            raw = b"Event: CoreShowChannel\r\nActionID: " + action.action_id.encode() + b"\r\n" + self.listed
            end = encode(AmiMessage((("Event", "CoreShowChannelsComplete"), own, ("EventList", "Complete"))))
            success = encode(AmiMessage((("Response", "Success"), own)))
            self.send(success + (raw if self.listed else b"") + item + end)
        else:
            super().answer(action, response, *headers)


def headers(number: bytes, name: bytes, dialled: bytes) -> bytes:
    """Write the headers of the caller's channel."""
    escaped = name.replace(b"\\", b"\\\\").replace(b"\r", b"\\r").replace(b"\n", b"\\n")
    return (
        b"Channel: PJSIP/lab-2\r\nChannelState: 4\r\nCallerIDNum: "
        + number
        + b"\r\nCallerIDName: "
        + escaped
        + b"\r\n"
        b"ConnectedLineNum: <unknown>\r\nContext: exoswitch-inbound\r\nExten: " + dialled + b"\r\nPriority: 1\r\n"
        b"Uniqueid: " + CALLER.encode() + b"\r\nLinkedid: " + CALLER.encode() + b"\r\n"
    )


def events(number: bytes, name: bytes, dialled: bytes) -> list[bytes]:
    """Write the caller's events, from his arrival to his end."""
    lines = b"agi_callerid: " + number + b"\nagi_calleridname: " + name + b"\nagi_dnid: " + dialled + b"\n\n"
    channel = headers(number, name, dialled)
    env = b"Env: " + quote_from_bytes(lines, safe="").encode() + b"\r\n"
    return [
        b"Event: AsyncAGIStart\r\nPrivilege: agi,all\r\n" + channel + env + b"\r\n",
        b"Event: Hangup\r\nPrivilege: call,all\r\n" + channel + b"Cause: 16\r\nCause-txt: Normal Clearing\r\n\r\n",
    ]


def one_input(data: bytes) -> None:
    """Let one caller come and go."""
    flags = data[0] if data else 0
    number, name, dialled = (*(text[:LONGEST] for text in data[1:].split(b"\0")), b"", b"", b"")[:3]
    with switch_rig(Asterisk) as rig:
        if flags & IN_LIST:
            rig.far.listed = (
                headers(number, name, dialled) + b"Application: AGI\r\nApplicationData: agi:async\r\n\r\n"
            )
        rig.start()
        rig.far.silent = {"Ping"}
        pinged = rig.begin(rig.switch.connection.action(AmiMessage.action("Ping")))
        for event in events(number, name, dialled):
            if flags & HAS_FILTER and _CUT_IN_TWO.search(event):
                continue
            if event.startswith(b"Event: Hangup"):
                rig.far.up.discard(CALLER)
            size = (flags >> 2) or len(event)
            rig.far.held = []
            for at in range(0, len(event), size):
                rig.far.give(event[at : at + size])
                rig.clock.advance(0)
            held, rig.far.held = rig.far.held, None
            for answer in held:
                rig.far.send(answer)
            rig.clock.advance(0)
        assert rig.switch.ready
        assert pinged == []
        check_texts(rig.recorder.events)
        check(rig.recorder.events, has_filter=bool(flags & HAS_FILTER))
        rig.switch.connection.drop("over")
        rig.clock.advance(0)


def check(told: list[object], *, has_filter: bool) -> None:
    """Check that nothing happened to the victim."""
    assert [VICTIM in event.channel_ids for event in told if isinstance(event, SwitchReady)] == [True]
    for event in told:
        match event:
            case ChannelHungUp(channel_id) if channel_id == VICTIM:
                raise AssertionError("the victim's call has ended")
            case MediaAnnounced(channel_id, host, port):
                assert (channel_id, host, port) == (VICTIM, "10.0.1.5", 4000)
            case ChannelEvent(channel_id):
                assert channel_id != VICTIM or not has_filter


def check_texts(told: list[object]) -> None:
    """Check that the numbers of all arrivals are plain text."""
    for event in told:
        if isinstance(event, CallArrived):
            for text in (event.channel_id, event.caller, event.callee):
                assert text.isascii()
                assert text == "" or text.isprintable()
                assert len(text) <= 150
            assert max(len(event.caller), len(event.callee)) <= 64


def _hang_up_of_victim() -> bytes:
    return f"1\r\n\r\nEvent: Hangup\r\nUniqueid: {VICTIM}\r\nCause: 16\r\nCause-txt: x\r\n\r\n".encode()


def _leg_of_victim(name: str = LEG) -> bytes:
    leg = f"Event: VarSet\r\nChannel: {name}\r\nUniqueid: 17.8\r\nLinkedid: {VICTIM}\r\n"
    halves = (("ADDRESS", "6.6.6.6"), ("PORT", "666"))
    return (
        "1\r\n\r\n" + "".join(f"{leg}Variable: UNICASTRTP_LOCAL_{n}\r\nValue: {v}\r\n\r\n" for n, v in halves)
    ).encode()


SEEDS = [
    b"\x00+919812345610\0Asha\0+918047491899\0",
    b"\x01" + _hang_up_of_victim() + b"\0Asha\0+918047491899\0",
    b"\x02" + _hang_up_of_victim() + b"\0Asha\0+918047491899\0",
    b"\x00+919812345610\0Asha\0+911" + _hang_up_of_victim() + b"\0",
    b"\x02" + _leg_of_victim() + b"\0\0\0",
    b"\x02" + _leg_of_victim("UnicastRTP/6.6.6.6:666-0x1\n") + b"\0\0\0",
    b"\x02" + _leg_of_victim("UnicastRTP/" + "6" * 1000) + b"\0\0\0",
    f"\x031\r\nUniqueid: {VICTIM}\r\nEventList: Complete\r\nX: \0\0+911\r\nLinkedid: {VICTIM}\0".encode(),
    b"\x1c98\xff\xfe\0\xe2\x80\xa8\xc2\x85\x0b\x0cagi_callerid: 1\nagi_dnid: 2\0+911;npdi=yes\0",
    b"\x00\0\0\0",
]
