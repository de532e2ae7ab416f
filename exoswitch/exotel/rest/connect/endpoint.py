"""Adapter: the endpoint of Exotel's `Calls/connect`, which places a call (spec §6.2)."""

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from exoswitch.call.session import Session
from exoswitch.exotel.rest.connect.reach import Reaches, refuse_out_of_reach
from exoswitch.exotel.rest.connect.request import read_connect
from exoswitch.exotel.rest.endpoint import Answered, Asked, Endpoint
from exoswitch.exotel.rest.representations import View, call_record
from exoswitch.interfaces.calls import ICalls
from exoswitch.interfaces.routing import Accounts
from exoswitch.network.host_endpoint import is_own_address
from exoswitch.telephony.numbers import mask

_LOG = Logger(namespace="exoswitch.rest")


def connect_endpoints(
    calls: ICalls, accounts: Callable[[], Accounts], reaches: Callable[[], Reaches] = Reaches
) -> tuple[Endpoint, ...]:
    """Give the endpoint; `accounts` gives the present ones, `reaches` the rules for servers that requests name."""

    async def connect(asked: Asked) -> Answered:
        """Place a call."""
        view = View(form=asked.form, details=bool(asked.parameters.flag("details")))
        wanted = read_connect(asked.parameters, asked.account, accounts())
        refuse_out_of_reach(wanted, reaches(), is_own_address)
        session = await _shielded(calls.place(wanted), calls)
        _LOG.info(
            "call {call} of {account} to {number} is accepted",
            call=session.call_sid,
            account=asked.account.name,
            number=mask(wanted.number),
        )
        return Answered(call_record(session, view), written=lambda: calls.replied(session.call_sid))

    return (Endpoint(("POST",), "/v1/Accounts/<sid>/Calls/connect", connect, limit="call"),)


def _shielded(placing: Deferred[Session], calls: ICalls) -> Deferred[Session]:
    """Wait for a call to be placed; a client that disconnects cancels the wait, and not the call.

    Such a client gets no reply, so the callbacks of its call wait for none.
    """
    waiting: Deferred[Session] = Deferred()

    def placed(session: Session) -> None:
        if waiting.called:
            calls.replied(session.call_sid)
        else:
            waiting.callback(session)

    def failed(failure: Failure) -> None:
        if not waiting.called:
            waiting.errback(failure)

    placing.addCallbacks(placed, failed)
    return waiting
