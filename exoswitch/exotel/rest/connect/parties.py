"""Adapter: the parties of a call: which of Exotel's ways of asking a request uses, and whom it connects (spec §6.2).

| way | parameters |
|---|---|
| a flow | `Url`, `From`, `CallerId`; a `To` beside it is ignored: one client sends it |
| Voice AI | `StreamUrl`, `From`, `CallerId`; it may have a `To` if that is a number of the account |
| from the number of an app | `From` is a number of the account, `To` the customer |
| to the number of an app | `To` is a number of the account, `From` the customer |
| two phones | `From`, which is dialled first, `To`, `CallerId`; with `StreamUrl` a bot listens |
"""

from attrs import field, frozen

from exoswitch.call.session import BotTarget
from exoswitch.call.stream_tap import StreamTap
from exoswitch.errors import InvalidRequest
from exoswitch.exotel.rest.connect.flow import bot_of_flow
from exoswitch.exotel.rest.connect.phones import names_own, own_number, read_caller_id, read_phone
from exoswitch.exotel.rest.connect.streams import read_bot, read_direction, read_tap
from exoswitch.interfaces.routing import Account, Accounts
from exoswitch.web.parameters import Parameters


@frozen(kw_only=True)
class Parties:
    """The phone that is dialled first, the number that it shows, and either a bot or a second phone.

    Phones are in E.164, or an address ``sip:USER@HOST``. `tap` is a one-way stream of a call between two phones.
    """

    number: str = field(repr=False)
    exophone: str
    bot: BotTarget | None = None
    second: str | None = field(default=None, repr=False)
    tap: StreamTap | None = None


def read_parties(asked: Parameters, account: Account, accounts: Accounts) -> Parties:
    """Read whom a request connects.

    Raises:
        InvalidRequest: the text names the parameter, its value and the remedy.
        NotAllowed: the account may not dial one of the phones.
    """
    if asked.text("From") is None:
        raise InvalidRequest("From is missing")
    url, stream_url = asked.text("Url"), asked.text("StreamUrl")
    if url is not None and stream_url is not None:
        raise InvalidRequest("Url and StreamUrl both name a bot: remove one of them")
    if url is not None:
        return _to_bot(bot_of_flow(url, account), asked, account, accounts)
    if stream_url is not None and not _is_of_two_phones(asked, account):
        return _to_bot(read_bot(asked, accounts.options), asked, account, accounts)
    return _of_numbers(asked, account, accounts)


def _of_numbers(asked: Parameters, account: Account, accounts: Accounts) -> Parties:
    """Read a call of `From` and `To`; the number of an app stands for the app's bot."""
    if asked.text("To") is None:
        raise InvalidRequest("StreamUrl is missing: add it, or Url, to name the bot; or add To to connect two phones")
    own = own_number(asked, "From", account)
    if own is not None:
        shown = own if asked.text("CallerId") is None else read_caller_id(asked, account, accounts)
        return Parties(number=read_phone(asked, "To", account), exophone=shown, bot=account.numbers[own])
    own = own_number(asked, "To", account)
    if own is not None:
        return _to_bot(account.numbers[own], asked, account, accounts)
    return Parties(
        number=read_phone(asked, "From", account),
        exophone=read_caller_id(asked, account, accounts),
        second=read_phone(asked, "To", account),
        tap=read_tap(asked),
    )


def _to_bot(bot: BotTarget, asked: Parameters, account: Account, accounts: Accounts) -> Parties:
    """Read a call to `From`, whom a bot talks to."""
    return Parties(
        number=read_phone(asked, "From", account), exophone=read_caller_id(asked, account, accounts), bot=bot
    )


def _is_of_two_phones(asked: Parameters, account: Account) -> bool:
    """Whether a request with `StreamUrl` connects two phones.

    If it does not say which way the stream goes, it does if `To` is somebody else's number: pyexotel asks so.
    """
    direction = read_direction(asked)
    if asked.text("To") is not None:
        return direction == "unidirectional" or (direction is None and not names_own(asked, "To", account))
    if direction == "unidirectional":
        raise InvalidRequest("To is missing: a one-way stream needs two phones; StreamType=bidirectional needs one")
    return False
