"""A fuzz target: a dialer's texts, on their way through the REST API into an action for Asterisk.

The bytes are the values of From, CallerId, Url and CustomField, each ended by a NUL. `one_input` raises if a request
that is accepted becomes more than one message, or a message with other headers than the action has, or if a number
in it has anything but digits after a plus.
"""

import re

from exoswitch.ami.message import AmiDecoder, encode
from exoswitch.ami.originate import originate
from exoswitch.call.session import BotTarget
from exoswitch.call.stream_options import StreamOptions
from exoswitch.errors import InvalidRequest, InvalidValue
from exoswitch.exotel.rest.connect.request import read_connect
from exoswitch.exotel.rest.errors import NotAllowed
from exoswitch.interfaces.routing import Account, Accounts
from exoswitch.trunks.sip import SipSettings
from exoswitch.trunks.sip_trunk import SipTrunk
from exoswitch.web.parameters import Parameters

NAMES = ("from", "callerid", "url", "customfield")
ACCOUNT = Account(
    name="acme1",
    api_key="key",
    api_token="token",
    apps={"1001": BotTarget(url="wss://bot.example.org/ws")},
    numbers={},
    caller_ids=frozenset({"any"}),
    dial_prefixes=("+",),
)
ACCOUNTS = Accounts({"acme1": ACCOUNT}, StreamOptions())
TRUNK = SipTrunk(SipSettings(name="lab", provider="sip", host="10.9.0.1"))
NUMBER = re.compile(r"\+[0-9]{3,15}")
FLOW = b"http://my.exotel.com/acme1/exoml/start_voice/1001"
SEEDS = (
    b"\0".join((b"09812345610", b"08047491899", FLOW, b"k=v")),
    b"\0".join((b"+91 (0)98123-45610", b"+14155550100", FLOW, "ಠ\r\nAction: Hangup".encode())),
    b"\0".join((b"09812345610\r\nVariable: A=1", b"0804749<1899>", FLOW, b"")),
    b"\0".join((b"+9091035610", b"08047491899", FLOW, b"")),
    b"\0".join((b"0981234561&PJSIP/1@lab", "\u0665\u0665".encode(), FLOW, b"")),
)


def one_input(data: bytes) -> None:
    """Read the request, dial its number, and read the action as Asterisk does."""
    texts = (value.decode("utf-8", "replace") for value in data.split(b"\0"))
    try:
        request = read_connect(Parameters.of(zip(NAMES, texts, strict=False)), ACCOUNT, ACCOUNTS)
    except (InvalidRequest, NotAllowed):
        return
    assert NUMBER.fullmatch(request.number)
    assert NUMBER.fullmatch(request.exophone)
    try:
        dialling = TRUNK.dial(request.number, request.exophone)
    except InvalidValue:
        return  # No phone can have this number.
    action = originate(
        channel_id="c" * 32,
        channel=dialling.channel,
        caller_id=request.exophone,
        ring_s=request.ring_s or 45.0,
        dial_string="UnicastRTP/10.0.0.5:20000/c(ulaw)",
        node="gw1",
    )
    (received,) = AmiDecoder(greeting=False).feed(encode(action))
    assert received.headers == action.headers
