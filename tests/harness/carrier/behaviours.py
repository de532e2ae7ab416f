"""The behaviours of a carrier: each is a coroutine function that takes a call, and decides what becomes of it."""

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable

from tests.harness.carrier.call import Call
from tests.harness.carrier.dialog import now

Behaviour = Callable[[Call], Awaitable[None]]
Header = tuple[str, str]


def answers(*headers: Header, ring_s: float = 0.0, talk_s: float | None = None, **how: str) -> Behaviour:
    """Ring, answer, and hang up after `talk_s`, or never."""

    async def behave(call: Call) -> None:
        await _ring(call, ring_s)
        call.answer(*headers, **how)
        if talk_s is not None:
            await asyncio.sleep(talk_s)
            await call.hang_up()

    return behave


def refuses(
    status: int, reason: str, *headers: Header, after_s: float = 0.0, ring_s: float | None = None
) -> Behaviour:
    """Refuse after a time: in silence, or after `ring_s` of ringing."""

    async def behave(call: Call) -> None:
        call.trying()
        await asyncio.sleep(after_s)
        if ring_s is not None:
            await _ring(call, ring_s)
        call.refuse(status, reason, *headers)

    return behave


def announces(seconds: float, status: int = 480, reason: str = "Temporarily Unavailable") -> Behaviour:
    """Play an announcement before the answer, then refuse."""

    async def behave(call: Call) -> None:
        call.trying()
        call.announce()
        await asyncio.sleep(seconds)
        call.refuse(status, reason)

    return behave


async def rings(call: Call) -> None:
    """Ring until the call is cancelled."""
    call.trying()
    call.ring()


async def tries_only(call: Call) -> None:
    """Send 100, and nothing more."""
    call.trying()


async def is_silent(call: Call) -> None:
    """Answer nothing at all."""


def redirects(contact: str) -> Behaviour:
    """Send the caller to another address."""
    return refuses(302, "Moved Temporarily", ("Contact", f"<{contact}>"))


def offers_again(
    wait_s: float = 0.1, *, refresh_s: float | None = None, talk_s: float, reason: str = ""
) -> Behaviour:
    """Answer, re-INVITE at once as an IMS does, refresh the session by UPDATE, hang up with a Reason."""

    async def behave(call: Call) -> None:
        call.trying()
        call.answer(("Session-Expires", "90;refresher=uas"), ("Require", "timer"))
        ends_at = now() + talk_s
        await asyncio.wait_for(call.acked.wait(), 5)
        await asyncio.sleep(wait_s)
        assert (await call.reinvite()).status == 200, "the re-INVITE was refused"
        if refresh_s is not None:
            await asyncio.sleep(refresh_s)
            answer = await call.update(("Session-Expires", "90;refresher=uac"), ("Supported", "timer"))
            assert answer.status == 200, "the session refresh was refused"
        await asyncio.sleep(ends_at - now())
        await call.hang_up(*([("Reason", reason)] if reason else []))

    return behave


def needs_srtp(then: Behaviour) -> Behaviour:
    """Refuse a call without SDES."""

    async def behave(call: Call) -> None:
        if call.offer is None or not call.offer.key:
            call.refuse(488, "Not Acceptable Here")
        else:
            await then(call)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Treat each call by the next of these, over and over."""
    endless = itertools.cycle(behaviours)

    async def behave(call: Call) -> None:
        await next(endless)(call)

    return behave


def limited(cps: int, then: Behaviour, *, window_s: float = 1.0, reason: str = "CPS limit exceeded") -> Behaviour:
    """Refuse each call above so many in any sliding second, or other window; refused calls count, too."""
    begun: deque[float] = deque()

    async def behave(call: Call) -> None:
        while begun and begun[0] <= call.at - window_s:
            begun.popleft()
        begun.append(call.at)
        if len(begun) > cps:
            call.refuse(503, reason)
        else:
            await then(call)

    return behave


async def _ring(call: Call, ring_s: float) -> None:
    call.trying()
    if ring_s:
        call.ring()
        await asyncio.sleep(ring_s)
