"""Adapter: the endpoints that read calls (spec §6.4)."""

from exoswitch.errors import CallNotFound
from exoswitch.exotel.rest.endpoint import Answered, Asked, Endpoint
from exoswitch.exotel.rest.representations import call_record
from exoswitch.interfaces.calls import ICalls

_LONGEST_SID = 64


def call_endpoints(calls: ICalls) -> tuple[Endpoint, ...]:
    """Give the endpoints."""

    async def show(asked: Asked) -> Answered:
        """Show a call, live or ended."""
        account, call_sid = asked.account.name, asked.path["call_sid"]
        if len(call_sid) > _LONGEST_SID:
            raise CallNotFound(f"account {account} has no such call")
        return Answered(call_record(await calls.find(account, call_sid)))

    return (Endpoint(("GET",), "/v1/Accounts/<sid>/Calls/<call_sid>", show),)
