"""Core: the attempts of an outbound call: each dials the number once, on one trunk."""

from enum import Enum

from attrs import frozen


class Health(Enum):
    """What the end of an attempt says about its trunk.

    GOOD: the trunk carries calls. NEUTRAL: the end says nothing about the trunk. WRONG_NUMBER: the trunk says that
    there is no such number, or that it is badly written. WEAK: the fault may be the trunk's. STRONG: the fault is the
    trunk's. CONFIG: the trunk refuses our account, our number or our codecs; an operator must act.
    """

    GOOD = "good"
    NEUTRAL = "neutral"
    WRONG_NUMBER = "wrong-number"
    WEAK = "weak"
    STRONG = "strong"
    CONFIG = "config"


@frozen(kw_only=True)
class Attempt:
    """One attempt of a call, from its Originate on.

    `channel_id` is its channel at the call's Asterisk, `shown` the caller id (E.164), `dialled_at` in seconds since
    the epoch, UTC. `sip_status` is the trunk's answer and `cause` the ITU-T Q.850 cause; None if Asterisk told none.
    `has_rung` says that the phone rang, or that early media came. `reason` is a sentence for an operator; None until
    the attempt has ended, and of an attempt that was answered.
    """

    trunk: str
    channel_id: str
    shown: str
    dialled_at: float
    sip_status: int | None = None
    cause: int | None = None
    has_rung: bool = False
    reason: str | None = None


@frozen(kw_only=True)
class ChosenTrunk:
    """A trunk that has a channel for a call, and a turn to dial.

    `name` and `address` tell it to an operator. After `post_dial_s` seconds of silence the next trunk is tried.
    `own_refusals` are SIP statuses with which, before any ringing, it refuses calls itself. `is_last` says that no
    other trunk may dial the call.
    """

    name: str
    address: str
    post_dial_s: float
    own_refusals: frozenset[int] = frozenset()
    is_last: bool = False

    def __str__(self) -> str:
        """Name it to an operator: ``trunk lab (10.9.0.1:5060)``."""
        return f"trunk {self.name} ({self.address})"
