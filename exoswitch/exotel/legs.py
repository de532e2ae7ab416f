"""Core: the legs of a call, as Exotel tells of them: how long each one lasted, and its status (spec §6.4, §6.6).

A bot is no leg. The second leg is the second phone, whether or not it was dialled.
"""

from exoswitch.call.search import talked_ms
from exoswitch.call.second_leg import SecondLeg
from exoswitch.call.session import CallStatus, Session


def first_s(session: Session) -> int:
    """Give the whole seconds of the first leg, from answer to end; 0 until the end."""
    return _whole_seconds(talked_ms(session))


def second_s(second: SecondLeg) -> int:
    """Give the whole seconds of the second leg, from answer to end; 0 until the end."""
    return 0 if second.talked_s is None else _whole_seconds(round(second.talked_s * 1000))


def conversation_s(session: Session) -> int:
    """Give the whole seconds of the talk: with the bot, and with the person it handed over to, or of two phones."""
    if session.second is None or session.bot is not None:
        return first_s(session)
    return second_s(session.second)


def first_status(session: Session) -> CallStatus:
    """Give the status of the first phone, which has talked if it was answered, whatever became of the second one."""
    is_over = session.ended_at is not None and session.answered_at is not None
    return CallStatus.COMPLETED if is_over else session.status


def _whole_seconds(milliseconds: int | None) -> int:
    """Round half-up, as searches for a length do; None is 0."""
    return 0 if milliseconds is None else (milliseconds + 500) // 1000
