"""Adapter: the endpoints that tell of phone numbers (spec §6.4)."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from attrs import define
from twisted.internet.interfaces import IReactorTime

from exoswitch.errors import InvalidRequest
from exoswitch.exotel.rest.endpoint import Answered, Asked, Endpoint
from exoswitch.exotel.rest.errors import NoSuchPath, Unsupported
from exoswitch.exotel.rest.long_lists import LongLists
from exoswitch.exotel.rest.phone_numbers import (
    facts_of,
    find_number,
    heartbeat,
    number_v1,
    number_v2_beta,
    numbers_of,
)
from exoswitch.interfaces.calls import ICalls
from exoswitch.interfaces.routing import Account
from exoswitch.telephony.numbers import normalise
from exoswitch.web.parameters import naming

_MOST_WHITELISTED = 5000
_NEUTRAL = {"Status": "Neutral", "Type": "", "Expiry": -1}


def number_endpoints(calls: ICalls, clock: IReactorTime) -> tuple[Endpoint, ...]:
    """Give the endpoints."""
    reads = NumberReads(calls, LongLists(clock))
    v1, v2_beta, v2 = (f"/{version}/Accounts/<sid>/" for version in ("v1", "v2_beta", "v2"))
    return (
        Endpoint(("GET",), f"{v1}IncomingPhoneNumbers", reads.all_v1),
        Endpoint(("GET",), f"{v1}IncomingPhoneNumbers/<number>", reads.one_v1),
        Endpoint(("GET",), f"{v2_beta}IncomingPhoneNumbers", reads.all_v2_beta),
        Endpoint(("GET",), f"{v2_beta}IncomingPhoneNumbers/<number>", reads.one_v2_beta),
        Endpoint(("PUT",), f"{v2_beta}IncomingPhoneNumbers/<number>", reads.assign),
        Endpoint(("GET",), f"{v2}incoming-phone-numbers/<number>", reads.heartbeat),
        Endpoint(("GET",), f"{v1}Numbers/<number>", reads.facts),
        Endpoint(("POST",), f"{v1}CustomerWhitelist", reads.whitelist),
        Endpoint(("GET",), f"{v1}CustomerWhitelist/<number>", reads.whitelisted),
    )


@define(eq=False)
class NumberReads:
    """Answers the reads of numbers."""

    _calls: ICalls
    _lists: LongLists

    async def all_v1(self, asked: Asked) -> Answered:
        """List the account's numbers, or the one that PhoneNumber names."""
        account, wanted = asked.account, asked.parameters.text("PhoneNumber")
        if wanted is None:
            return await self._lists.answer(asked, "v1", _count(account), _all_v1)
        found = find_number(account, wanted)
        return Answered({"IncomingPhoneNumbers": [] if found is None else [_in_list_v1(account, found)]})

    async def one_v1(self, asked: Asked) -> Answered:
        """Show one number."""
        return Answered({"IncomingPhoneNumber": number_v1(asked.account, _own_number(asked))})

    async def all_v2_beta(self, asked: Asked) -> Answered:
        """List the account's numbers on one page."""
        return await self._lists.answer(asked, "v2_beta", _count(asked.account), _all_v2_beta)

    async def one_v2_beta(self, asked: Asked) -> Answered:
        """Show one number."""
        return Answered(number_v2_beta(_own_number(asked)))

    async def assign(self, asked: Asked) -> Answered:
        """Refuse to give a number another app."""
        number = _own_number(asked)
        raise Unsupported(
            f"the app of {number} is set in the gateway's configuration, under numbers: ask its operator"
        )

    async def heartbeat(self, asked: Asked) -> Answered:
        """Tell whether calls of a number get through, by the health of its trunks."""
        number = _own_number(asked)
        data = heartbeat(number, self._calls.number_health(number), asked.now)
        response = {"code": 200, "error_data": None, "status": "success", "data": data}
        return Answered({"request_id": uuid4().hex, "method": "GET", "http_code": 200, "response": response})

    async def facts(self, asked: Asked) -> Answered:
        """Tell what is known of any number."""
        return Answered({"Numbers": facts_of(_any_number(asked))})

    async def whitelist(self, asked: Asked) -> Answered:
        """Check numbers that a client wants to call: there is no whitelist, so there is nothing to add."""
        shown = asked.parameters.number("VirtualNumber")
        if not asked.account.may_show(shown):
            raise InvalidRequest(f"VirtualNumber: {shown} is not a number of account {asked.account.name}")
        numbers = asked.parameters.numbers("Number")
        if not numbers:
            raise InvalidRequest("Number is missing: write phone numbers with commas between them")
        if len(numbers) > _MOST_WHITELISTED:
            raise InvalidRequest(f"Number has {len(numbers)} values: write at most {_MOST_WHITELISTED}")
        processed = len(set(numbers))
        counts = {
            "Total": len(numbers),
            "Duplicate": len(numbers) - processed,
            "Processed": processed,
            "Succeeded": 0,
            "Redundant": processed,
            "Failed": 0,
        }
        return Answered({"Result": counts})

    async def whitelisted(self, asked: Asked) -> Answered:
        """Tell that a number is neither on a whitelist nor on a blacklist: there is none."""
        _any_number(asked)
        return Answered({"Result": _NEUTRAL})


def _count(account: Account) -> int:
    return len(account.numbers) + len(account.caller_ids)


def _all_v1(account: Account) -> Mapping[str, Any]:
    return {"IncomingPhoneNumbers": (_in_list_v1(account, number) for number in numbers_of(account))}


def _in_list_v1(account: Account, number: str) -> Mapping[str, Any]:
    return {"IncomingPhoneNumber": number_v1(account, number)}


def _all_v2_beta(account: Account) -> Mapping[str, Any]:
    numbers = numbers_of(account)
    return {"page": 0, "page_size": len(numbers), "incoming_phone_numbers": map(number_v2_beta, numbers)}


def _own_number(asked: Asked) -> str:
    number = find_number(asked.account, asked.path["number"])
    if number is None:
        raise NoSuchPath(f"account {asked.account.name} has no number {asked.path['number'][:40]}")
    return number


def _any_number(asked: Asked) -> str:
    with naming("the number in the path"):
        return normalise(asked.path["number"])
