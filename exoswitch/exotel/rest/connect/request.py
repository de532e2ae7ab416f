"""Adapter: a request of Exotel's ``Calls/connect``, read whole (spec §6.2).

As at Exotel, names of parameters are case-insensitive, and unknown ones are ignored. Some that Exotel has are ignored
too; docs/dialer-author.md lists them.
"""

from exoswitch.errors import InvalidRequest
from exoswitch.exotel.rest.connect.callback import read_callback
from exoswitch.exotel.rest.connect.parties import read_parties
from exoswitch.exotel.rest.connect.recording import read_recording
from exoswitch.interfaces.calls import CallRequest
from exoswitch.interfaces.routing import Account, Accounts
from exoswitch.web.parameters import Parameters

MAX_CUSTOM_FIELD = 128
MAX_RING_S = 60
"""A longer `TimeOut` is cut to it (Exotel's support, article 48278)."""

MAX_DURATION_S = 14400


def read_connect(asked: Parameters, account: Account, accounts: Accounts) -> CallRequest:
    """Read the request of an account.

    Raises:
        InvalidRequest: the text names the parameter, its value and the remedy.
        NotAllowed: the account may not dial one of the phones.
    """
    parties = read_parties(asked, account, accounts)
    return CallRequest(
        account=account.name,
        number=parties.number,
        exophone=parties.exophone,
        bot=parties.bot,
        second=parties.second,
        tap=parties.tap,
        callback=read_callback(asked),
        recording=read_recording(asked),
        custom_field=_read_custom_field(asked),
        ring_s=_read_ring_s(asked),
        max_duration_s=asked.seconds("TimeLimit", MAX_DURATION_S),
    )


def _read_custom_field(asked: Parameters) -> str | None:
    text = asked.text("CustomField")
    if text is not None and len(text) > MAX_CUSTOM_FIELD:
        raise InvalidRequest(f"CustomField has {len(text)} characters: write at most {MAX_CUSTOM_FIELD}")
    return text


def _read_ring_s(asked: Parameters) -> float | None:
    return asked.seconds("TimeOut", MAX_RING_S, is_cut=True)
