"""Core: extensions.conf: the three contexts that calls pass through."""

import math
from collections.abc import Iterator

from exoswitch.ami.names import BRIDGE_CONTEXT, FULL_CONTEXT, INBOUND_CONTEXT, LEG_VARIABLE, longest_call_s
from exoswitch.asterisk.conf import HEADER
from exoswitch.config.model import CallsConfig

# How long a call from a trunk may wait for a gateway. With none to claim it, its caller would ring for minutes.
UNCLAIMED_S = 20

# How long a message may be that tells a caller that every place is taken.
LONGEST_MESSAGE_S = 60

# "No circuit/channel available" (ITU-T Q.850); Asterisk says it to the trunk as SIP's 503.
FULL_CAUSE = 34

_TEXT = """\
{header}
[general]
static = yes
writeprotect = yes

; Bridges a call to the gateway that placed it, or that has taken it over.
[{bridge}]
exten => s,1,Set(TIMEOUT(absolute)={limit_s})
 same => n,Dial(${{{leg}}})
 same => n,Hangup()

; Holds a call from a trunk, unanswered, until a gateway claims it by AMI and lifts this time-out.
[{inbound}]
exten => _[+0-9]!,1,Set(TIMEOUT(absolute)={unclaimed_s})
 same => n,AGI(agi:async)
 same => n,Hangup()

; Lets a caller hear that every place is taken: before any answer, so that it costs the caller nothing.
[{full}]
exten => s,1,{turning_away}
"""


def extensions_conf(calls: CallsConfig) -> str:
    """Render extensions.conf."""
    return _TEXT.format(
        header=HEADER,
        bridge=BRIDGE_CONTEXT,
        inbound=INBOUND_CONTEXT,
        leg=LEG_VARIABLE,
        full=FULL_CONTEXT,
        turning_away="\n same => n,".join(_turning_away(calls)),
        limit_s=longest_call_s(calls.max_duration_s),
        unclaimed_s=UNCLAIMED_S,
    )


def _turning_away(calls: CallsConfig) -> Iterator[str]:
    """Give the steps of a refusal that is heard; a message that Asterisk does not find is passed over."""
    tone_s = 0.0 if calls.full_tone == "none" else calls.full_tone_s
    yield f"Set(TIMEOUT(absolute)={LONGEST_MESSAGE_S + math.ceil(tone_s)})"
    yield "Progress()"
    if calls.full_message:
        yield f"Playback({calls.full_message},noanswer)"
    if tone_s:
        yield f"Playtones({calls.full_tone})"
        yield f"Wait({tone_s:g})"
    yield f"Hangup({FULL_CAUSE})"
