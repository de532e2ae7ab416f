"""Core: the callbacks that a session asks for: each tells a dialer of one event of a call.

One more tells the passthru of its app that the last stream has ended with the call; nobody waits for its answer.

They follow from the state of a session, and not from the step that led to it: a session that has ended asks for the
callback of its answer, too, should the note of the answer be lost. A call and a position identify a callback, so that
it is kept once, however often notes are written.
"""

from collections.abc import Collection, Iterator
from typing import Any

from attrs import evolve, field, frozen

from exoswitch.call.bot_address import parse_web
from exoswitch.call.session import CallStatus, Session
from exoswitch.errors import InvalidValue

AFTER_CREATION_S = 1.0
"""No callback is due earlier: the dialer must know the SID of the call by then (spec §6.6, dograh)."""

SECOND_ENDS_S = 2.0
"""How long the end of a call between two phones waits for the end of the second one, whose facts it tells too."""

LATEST_DUE_S = AFTER_CREATION_S + SECOND_ENDS_S
"""No callback is due later than this after the last change, should the clock have been set back during the call."""

TERMINAL = "terminal"
PASSTHRU = "passthru"
"""The last callback of a call. It says nothing of the call's state, so an earlier one may still be sent again."""

_RINGING, _ANSWERED, _ANSWERED_SECOND, _ENDED, LAST_POSITION = 1, 2, 3, 9, 10  # positions of a call's callbacks


@frozen(kw_only=True)
class Callback:
    """One callback: the event of a call, or of its second leg (`leg` 2), with the session as it was at that moment.

    The callbacks of one call are delivered in the order of `position`. `receiver` names the server, for one account:
    ``acme1 crm.example.org:443``. It is due at `due_at`, in seconds since the epoch.
    """

    position: int
    event: str
    leg: int
    receiver: str
    due_at: float
    session: Session


@frozen(kw_only=True)
class CallbackRow:
    """A callback as the session store adds it: its fields are columns, `document` is the session as text."""

    call_sid: str
    position: int
    event: str
    leg: int
    account: str
    receiver: str
    due_at: float
    document: str = field(repr=False)


def callbacks_of(session: Session) -> tuple[Callback, ...]:
    """Give the callbacks of a session up to its present state, in their order."""
    latest = session.updated_at + LATEST_DUE_S
    wanted = (*_status_callbacks(session), *_passthru(session))
    return tuple(one if one.due_at <= latest else evolve(one, due_at=latest) for one in wanted)


def _status_callbacks(session: Session) -> Iterator[Callback]:
    wanted = session.callback
    if wanted is None:
        return
    receiver = _receiver(session.account, wanted.url)
    for position, event, leg, then in _told(session, wanted.events or (TERMINAL,)):
        yield _callback(position, event, leg, receiver, then)


def _passthru(session: Session) -> Iterator[Callback]:
    if session.leaves_passthru_untold and session.bot is not None and session.bot.passthru is not None:
        receiver = _receiver(session.account, session.bot.passthru.url)
        yield _callback(LAST_POSITION, PASSTHRU, 1, receiver, session)


def _callback(position: int, event: str, leg: int, receiver: str, session: Session) -> Callback:
    return Callback(
        position=position,
        event=event,
        leg=leg,
        receiver=receiver,
        due_at=max(session.updated_at, session.created_at + AFTER_CREATION_S) + _wait_s(session),
        session=session,
    )


def _wait_s(session: Session) -> float:
    """Give the wait for facts that a later note of the call adds."""
    second = session.second
    is_late = second is not None and second.status is not None and not second.status.is_final
    return SECOND_ENDS_S if is_late and session.ended_at is not None else 0.0


def _told(session: Session, wanted: Collection[str]) -> Iterator[tuple[int, str, int, Session]]:
    """Give the position, the event, the leg and the session of each wanted moment that was reached."""
    if "ringing" in wanted and (
        session.status is CallStatus.RINGING or any(attempt.has_rung for attempt in session.attempts)
    ):
        yield _RINGING, "ringing", 1, _while_ringing(session)
    if "answered" in wanted and session.answered_at is not None:
        yield _ANSWERED, "answered", 1, _when_answered(session, session.answered_at)
        second = session.second
        if second is not None and second.answered_at is not None:
            yield _ANSWERED_SECOND, "answered", 2, _when_second_answered(session, second.answered_at)
    if TERMINAL in wanted and session.ended_at is not None:
        yield _ENDED, TERMINAL, 1, session


def _while_ringing(session: Session) -> Session:
    if session.status is CallStatus.RINGING:
        return session
    dialled_at = session.attempts[-1].dialled_at if session.attempts else session.created_at
    return _before_its_end(session, status=CallStatus.RINGING, answered_at=None, updated_at=dialled_at)


def _when_answered(session: Session, answered_at: float) -> Session:
    second = session.second
    if second is not None:
        second = evolve(second, status=None, answered_at=None, ended_at=None, talked_s=None, charge=None)
    return _before_its_end(session, status=CallStatus.IN_PROGRESS, second=second, updated_at=answered_at)


def _when_second_answered(session: Session, answered_at: float) -> Session:
    second = session.second
    if second is not None:
        second = evolve(second, status=CallStatus.IN_PROGRESS, ended_at=None, talked_s=None, charge=None)
    return _before_its_end(session, status=CallStatus.IN_PROGRESS, second=second, updated_at=answered_at)


def _before_its_end(session: Session, **changes: Any) -> Session:
    return evolve(session, ended_at=None, talked_s=None, ending=None, charge=None, **changes)


def _receiver(account: str, url: str) -> str:
    try:
        address = parse_web(url, "the URL")
    except InvalidValue:
        return f"{account} ?"
    return f"{account} {address.host.lower().rstrip('.')}:{address.port}"
