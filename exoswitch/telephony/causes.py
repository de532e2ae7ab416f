"""Core: hang-up causes with their texts.

The causes are those of ITU-T Q.850, with Asterisk 22's numbers (``causes.h``). Asterisk derives them from SIP replies
(``ast_sip_hangup_sip2cause``).
"""

from enum import IntEnum


class HangUpCause(IntEnum):
    """The causes that the gateway hangs up with. PJSIP turns the cause of an unanswered call into a SIP reply."""

    NORMAL_CLEARING = 16
    """The call is over."""

    USER_BUSY = 17
    """The account has reached its limit of concurrent calls (SIP 486)."""

    CALL_REJECTED = 21
    """No app is configured for this call, e.g. its number is unknown (SIP 603)."""


_TEXTS = {
    0: "no cause given",
    1: "the number is not in use",
    2: "no route to the network of this number",
    3: "no route to this number",
    5: "the dialled prefix is wrong",
    6: "the channel is unacceptable to the network",
    16: "normal clearing",
    17: "the phone is busy",
    18: "the phone did not react (no user response)",
    19: "the phone rang, and nobody answered",
    20: "the phone is switched off or out of coverage",
    21: "rejected: declined on the phone, or refused by the trunk (SIP 401, 403, 407 or 603)",
    22: "the number has changed",
    23: "redirected to a new destination",
    25: "the network could not route the call (exchange routing error)",
    26: "another phone of this number took the call",
    27: "the destination is out of order",
    28: "the number is incomplete or badly written",
    29: "the network refused a facility of the call",
    31: "ended without a reason (normal, unspecified)",
    34: "the trunk has no free line (no circuit available)",
    38: "the network is out of order",
    41: "temporary failure in the network",
    42: "congestion in the network",
    43: "information was discarded by the network",
    44: "the requested line is not available",
    47: "the network has no resource for the call",
    50: "the facility is not subscribed to on this trunk",
    55: "incoming calls are barred for this number",
    57: "the trunk is not authorised for this kind of call",
    58: "the trunk cannot carry this kind of call now, or no codec fits",
    63: "the service is not available",
    65: "no codec fits, or this kind of call is not implemented",
    79: "the network has not implemented this service",
    88: "the destination cannot take this kind of call",
    96: "the network missed a mandatory piece of information",
    102: "the network did not reply in time (timer expired)",
    111: "protocol error in the network",
    127: "ended by another network, without a reason (interworking)",
}

CAUSES = tuple(_TEXTS)
"""The causes that have a text."""

_UNSPECIFIC_CAUSES = frozenset({0, HangUpCause.NORMAL_CLEARING})


def cause_text(cause: int | None) -> str:
    """Describe a hang-up: ``the phone is busy (cause 17)``."""
    if cause is None:
        return "no cause given"
    text = _TEXTS.get(cause, "an unknown cause")
    return f"{text} (cause {cause})" if cause else text


def is_known(cause: int) -> bool:
    """Whether the cause has a text."""
    return cause in _TEXTS


def is_specific(cause: int) -> bool:
    """Whether the cause gives a reason for the end of the call."""
    return cause not in _UNSPECIFIC_CAUSES
