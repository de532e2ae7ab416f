"""Core: extensions.conf: the two contexts that calls pass through."""

import math

from exoswitch.ami.conf import HEADER
from exoswitch.ami.dialling import BRIDGE_CONTEXT, LEG_VARIABLE
from exoswitch.config.model import CallsConfig
from exoswitch.trunks.pjsip import INBOUND_CONTEXT

# How much longer than the longest call Asterisk waits before it ends a call on its own account: only then is it sure
# that no gateway is going to.
GRACE_S = 60

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

; Holds a call from a trunk, unanswered, until a gateway claims it by AMI. With no gateway to claim it, the carrier's
; own time-out for ringing ends it.
[{inbound}]
exten => _[+0-9]!,1,Set(TIMEOUT(absolute)={limit_s})
 same => n,AGI(agi:async)
 same => n,Hangup()
"""


def extensions_conf(calls: CallsConfig) -> str:
    """Render extensions.conf."""
    return _TEXT.format(
        header=HEADER,
        bridge=BRIDGE_CONTEXT,
        inbound=INBOUND_CONTEXT,
        leg=LEG_VARIABLE,
        limit_s=math.ceil(calls.max_duration_s) + GRACE_S,
    )
