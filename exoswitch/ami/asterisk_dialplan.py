"""Core: extensions.conf: the two contexts that calls pass through."""

from exoswitch.ami.conf import HEADER
from exoswitch.ami.dialling import BRIDGE_CONTEXT, LEG_VARIABLE, longest_call_s
from exoswitch.config.model import CallsConfig
from exoswitch.trunks.pjsip import INBOUND_CONTEXT

# How long a call from a trunk may wait for a gateway. With none to claim it, its caller would ring for minutes.
UNCLAIMED_S = 20

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
"""


def extensions_conf(calls: CallsConfig) -> str:
    """Render extensions.conf."""
    return _TEXT.format(
        header=HEADER,
        bridge=BRIDGE_CONTEXT,
        inbound=INBOUND_CONTEXT,
        leg=LEG_VARIABLE,
        limit_s=longest_call_s(calls.max_duration_s),
        unclaimed_s=UNCLAIMED_S,
    )
