"""Core: the second leg of a call between two phones, as the session of the call shows it."""

from attrs import field, frozen

from exoswitch.call.charge import Charge
from exoswitch.call.statuses import CallStatus


@frozen(kw_only=True)
class SecondLeg:
    """The second phone of a call: it is dialled once the first one is answered, and the two are then connected.

    It is a call of its own, with the SID `call_sid`: its session has the attempts. This is a copy of its facts, so
    that one record tells of both phones. `channel_id` is its channel at the Asterisk of the call. `number` is in
    E.164, or an address ``sip:USER@DOMAIN``. `status` is None until it is dialled. Times are seconds since the epoch,
    UTC; `talked_s` is how long the two phones were connected. `trunk` and `charge` are its own.
    """

    number: str = field(repr=False)
    call_sid: str
    channel_id: str | None = None
    status: CallStatus | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    talked_s: float | None = None
    trunk: str | None = None
    charge: Charge | None = None
