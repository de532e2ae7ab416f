"""Calls to search among, searches by chance, and the plain answer to each."""

import random
from decimal import Decimal

from attrs import evolve
from hypothesis import strategies as st

from exoswitch.call.charge import Charge
from exoswitch.call.search import CallSearch, Position, Span
from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import CallStatus, Direction, Ending
from tests.harness.sessions import MOMENT, SESSION

DAY_S = 86_400.0
PEOPLE = [f"+9198123456{digit}0" for digit in range(4)]
EXOPHONES = ["+918047491899", "+918047491898"]
AMOUNTS = [None, *map(Decimal, ("0", "0.1994", "0.1995", "0.2", "1.5", "30.000001"))]
TALKED_S = [0.0, 9.4994, 9.5, 10.2, 17.0, 44.9, 45.6, 3600.0]


def charge(amount):
    """Give a charge of this amount."""
    return Charge(amount=amount, currency="INR", billed_s=60, baseline=Decimal("0.5"), baseline_currency="INR")


def _call(number, rng):
    # Quarters of seconds, and few of them: many calls begin at the same moment. Some months are between them.
    began = MOMENT + rng.choice([0, 40, 41, 75]) * DAY_S + rng.randrange(40) * 0.25
    call = evolve(
        SESSION,
        call_sid=f"c{number:03}",
        account=rng.choice(["acme1", "acme1", "acme1", "acme2"]),
        direction=rng.choice([*Direction]),
        customer=rng.choice(PEOPLE),
        exophone=rng.choice(EXOPHONES),
        created_at=began,
        updated_at=began,
        gateway="gw1",
    )
    if rng.random() < 0.3:
        second = SecondLeg(number=rng.choice(PEOPLE), call_sid=f"s{number:03}")
        call = evolve(call, bot=None, second=evolve(second, charge=rng.choice([None, *map(charge, AMOUNTS)])))
    elif rng.random() < 0.2:
        call = evolve(call, bot=None, parent_call_sid="c000")
    status = rng.choice([*CallStatus])
    call = call.progressed(status, began + 3)
    if status.is_final:
        call = call.ended(Ending(status=status, reason="it is over"), began + 60, rng.choice(TALKED_S))
        call = evolve(call, answered_at=began + 3, charge=rng.choice([None, *map(charge, AMOUNTS)]))
    return call


def calls(count, seed=7):
    """Give so many calls of two accounts."""
    rng = random.Random(seed)
    return [_call(number, rng) for number in range(count)]


def _sets(values):
    return st.none() | st.frozensets(st.sampled_from(values), max_size=3)


def _spans(values):
    bounds = st.none() | st.sampled_from(values)
    return st.none() | st.builds(Span, least=bounds, below=bounds)


@st.composite
def searches(draw, sessions):
    """Draw a search, that begins anywhere."""
    moments = [MOMENT, MOMENT + 5.25, MOMENT + 40 * DAY_S, MOMENT + 41 * DAY_S + 4, MOMENT + 80 * DAY_S]
    positions = st.none() | st.sampled_from([Position.of(session) for session in sessions])
    start = draw(positions)
    side = draw(st.sampled_from(["after", "before"]))
    return CallSearch(
        account=draw(st.sampled_from(["acme1", "acme2", "nobody"])),
        began=draw(_spans(moments)) or Span(),
        call_sids=draw(_sets([session.call_sid for session in sessions])),
        statuses=draw(_sets([*CallStatus])),
        directions=draw(_sets([*Direction])),
        from_numbers=draw(_sets([*PEOPLE, "nobody"])),
        to_numbers=draw(_sets([*PEOPLE, *EXOPHONES])),
        exophones=draw(_sets(EXOPHONES)),
        talked_ms=draw(_spans([0, 9500, 10_000, 45_500, 60_000])),
        price=draw(_spans([Decimal("0.1995"), Decimal("0.2"), Decimal("1.4995"), Decimal(31)])),
        newest_first=draw(st.booleans()),
        limit=draw(st.sampled_from([1, 2, 7, 100])),
        **{side: start},
    )


def _is_in(span, value):
    if span is None:
        return True
    if value is None:
        return False
    return not ((span.least is not None and value < span.least) or (span.below is not None and value >= span.below))


def _cost(session):
    if session.charge is None:
        return None
    if session.second is None or session.second.charge is None:
        return session.charge.amount
    both = (session.charge.amount, session.second.charge.amount)
    return None if None in both else sum(both)


def _facts(session):
    """Give the facts that searches compare, each under the name of its condition."""
    return {
        "call_sids": session.call_sid,
        "statuses": session.status,
        "directions": session.direction,
        "from_numbers": session.customer,
        "to_numbers": session.second.number if session.second else session.exophone,
        "exophones": session.exophone,
    }


def expected(sessions, search):
    """Give the answer to a search as plainly as can be: the SIDs of a page, and whether there are calls around it."""
    listed = [
        session
        for session in sessions
        if session.account == search.account
        and session.parent_call_sid is None
        and all(
            getattr(search, name) is None or fact in getattr(search, name) for name, fact in _facts(session).items()
        )
        and _is_in(search.began, session.created_at)
        and _is_in(search.price, _cost(session))
        and _is_in(search.talked_ms, None if session.ended_at is None else round(1000 * session.duration_s))
    ]
    listed.sort(key=lambda session: (session.created_at, session.call_sid), reverse=search.newest_first)

    def is_after(session, position):
        pair, start = (session.created_at, session.call_sid), (position.created_at, position.call_sid)
        return pair < start if search.newest_first else pair > start

    if search.before is not None:
        earlier = [
            session
            for session in listed
            if not is_after(session, search.before) and Position.of(session) != search.before
        ]
        return [session.call_sid for session in earlier[-search.limit :]], len(earlier) > search.limit, True
    later = listed if search.after is None else [session for session in listed if is_after(session, search.after)]
    return (
        [session.call_sid for session in later[: search.limit]],
        search.after is not None,
        len(later) > search.limit,
    )
