"""Two accounts of dialers with their apps and numbers, and a request of each of Exotel's ways to place a call."""

from exoswitch.call.session import BotTarget
from exoswitch.call.stream_options import StreamOptions
from exoswitch.interfaces.routing import Account, Accounts
from tests.harness.unlimited import UNLIMITED

BOT = BotTarget(url="wss://bot.example.org/ws", options=StreamOptions(chunk_ms=100))
BOT_16K = BotTarget(url="wss://bot.example.org/ws?sample-rate=16000")
OTHERS = BotTarget(url="wss://bot.example.net/ws")
ACME = Account(
    **UNLIMITED,
    name="acme1",
    api_key="k",
    api_token="t",
    apps={"1001": BOT, "1002": BOT_16K},
    numbers={"+918047491899": BOT},
    caller_ids=frozenset({"+14155550100"}),
    dial_prefixes=("+91", "+1415"),
    sip_hosts=frozenset({"pbx.example.org"}),
)
OTHER = Account(
    name="other1",
    api_key="x",
    api_token="y",
    apps={"2001": OTHERS},
    numbers={"+918047491800": OTHERS},
    caller_ids=frozenset({"any"}),
    dial_prefixes=("+",),
)
ACCOUNTS = Accounts({"acme1": ACME, "other1": OTHER}, StreamOptions())
VOICE_AI = {"From": "09812345610", "CallerId": "08047491899", "StreamUrl": "wss://u:p@bot.example.org/ws?x=1"}
FLOW = {"From": "09812345610", "CallerId": "08047491899", "Url": "http://my.exotel.com/acme1/exoml/start_voice/1001"}
FROM_NUMBER = {"From": "08047491899", "To": "09812345610"}
TWO_PHONES = {"From": "09812345610", "To": "09812345611", "CallerId": "08047491899"}
