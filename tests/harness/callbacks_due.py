"""Calls that ask for callbacks, and what a test does with an outbox that has them."""

from attrs import evolve

from exoswitch.call.session import CallStatus
from exoswitch.call.status_callback import EVENTS, StatusCallback
from exoswitch.outbox.delivery import Settlement
from tests.harness.sessions import HUNG_UP, MOMENT, SESSION

ASKED = evolve(SESSION, callback=StatusCallback(url="https://crm.example.org/told?key=hunter2", events=EVENTS))
RINGING = ASKED.progressed(CallStatus.RINGING, MOMENT + 1)
ANSWERED = ASKED.progressed(CallStatus.IN_PROGRESS, MOMENT + 2)
ENDED = ANSWERED.ended(HUNG_UP, MOMENT + 9)
LATER = MOMENT + 60


def lease(outbox, limit=100, each=100, rooms=None, full_accounts=()):
    return outbox.lease(limit, each, rooms or {}, full_accounts)


async def events(outbox, **options):
    """Lease what is due, and give its events."""
    return [leased.event for leased in await lease(outbox, **options)]


async def settle(outbox, leased, state="delivered", **more):
    await outbox.settle([Settlement(leased=one, state=state, **more) for one in leased])


async def deliver_all(outbox, world):
    """Deliver all that is due, call by call in its order; give the events."""
    told = []
    while leased := await lease(outbox):
        told += [one.event for one in leased]
        await settle(outbox, leased)
        world.wait(1.0)
    return told


def to(host, call_sid, account="acme1", **more):
    callback = StatusCallback(url=f"https://{host}/told")
    return evolve(ENDED, call_sid=call_sid, account=account, callback=callback, **more)
