"""Core: extensions.conf, with contexts for bridged calls, second phones, inbound calls and a full gateway."""

import math
from collections.abc import Iterator

from exoswitch.ami.names import (
    BRIDGE_CONTEXT,
    DIALLED_HEADER_VARIABLE,
    FIRST_VARIABLE,
    FULL_CONTEXT,
    INBOUND_CONTEXT,
    LEG_VARIABLE,
    PILOT_VARIABLE,
    SECOND_CONTEXT,
    WAITING_CONTEXT,
    longest_call_s,
)
from exoswitch.asterisk.conf import HEADER
from exoswitch.config.model import CallsConfig

UNCLAIMED_S = 20
"""Asterisk ends an inbound call that no gateway has claimed by then; without it, the caller rings for minutes."""

LONGEST_MESSAGE_S = 60
"""The limit of `full_message`."""

FULL_CAUSE = 34
"""No circuit/channel available (ITU-T Q.850); Asterisk sends it to the trunk as SIP status 503."""

# What FILTER of func_strings keeps.
_OF_A_CALLER = "+*#._0-9A-Za-z"
_OF_A_NUMBER = "+0-9"

_TEXT = """\
{header}
[general]
static = yes
writeprotect = yes

; Bridges a call to its gateway. The tone, which ends at once, makes Asterisk build anew what translates audio to the
; caller's codec: it would take the RTP of a gateway that takes the call over for late packets of the one before.
[{bridge}]
exten => s,1,Set(TIMEOUT(absolute)={limit_s})
 same => n,Playtones(0)
 same => n,StopPlaytones()
 same => n,Dial(${{{leg}}})
 same => n,Hangup()

; Connects the second phone of a call with the first one, which waits in a bridge with its gateway.
; When either hangs up, the other one goes on to its own Hangup. Option p: see features.conf. Bridge takes any channel
; whose name or Uniqueid begins with its argument. A Uniqueid may be the beginning of another one; a name is not.
[{second}]
exten => s,1,Set(TIMEOUT(absolute)={limit_s})
 same => n,Set(FIRST=${{IMPORT(${{{first}}},CHANNEL(name))}})
 same => n,GotoIf($["${{FIRST}}" = ""]?gone)
 same => n,Bridge(${{FIRST}},p)
 same => n(gone),Hangup()

; Takes a call from a trunk. The caller's number and name and the number that he dialled may hold anything, also line
; ends, and AMI writes them into its events as they are: only letters, digits and + * # . _ stay, and the name goes.
[{inbound}]
exten => _[+0-9].,1,Set(CALLERID(num)=${{FILTER({caller},${{CALLERID(num)}})}})
 same => n,Set(CALLERID(name)=)
 same => n,GotoIf($["${{FILTER({dialled},${{EXTEN}})}}" = "${{{pilot}}}"]?pilot)
 same => n,Goto({waiting},${{FILTER({dialled},${{EXTEN}})}},1)
; A carrier may send all calls of a registration to the registered number: then a header has the number dialled.
 same => n(pilot),Set(DIALLED=${{PJSIP_HEADER(read,${{{dialled_header}}})}})
 same => n,Set(DIALLED=${{CUT(DIALLED,:,2)}})
 same => n,Set(DIALLED=${{CUT(DIALLED,\\;,1)}})
 same => n,Set(DIALLED=${{FILTER({dialled},${{CUT(DIALLED,@,1)}})}})
 same => n,Goto({waiting},${{IF($[${{LEN(${{DIALLED}})}} > 0]?${{DIALLED}}:${{FILTER({dialled},${{EXTEN}})}})}},1)

; Holds an inbound call, unanswered, until a gateway claims it over AMI and removes this time-out.
[{waiting}]
exten => _[+0-9]!,1,Set(TIMEOUT(absolute)={unclaimed_s})
 same => n,AGI(agi:async)
 same => n,Hangup()

; Tells an inbound caller that all gateways are full.
; The call is not answered, so the caller pays nothing.
[{full}]
exten => s,1,{full_steps}
"""


def extensions_conf(calls: CallsConfig) -> str:
    """Render extensions.conf."""
    return _TEXT.format(
        header=HEADER,
        bridge=BRIDGE_CONTEXT,
        second=SECOND_CONTEXT,
        first=FIRST_VARIABLE,
        inbound=INBOUND_CONTEXT,
        waiting=WAITING_CONTEXT,
        caller=_OF_A_CALLER,
        dialled=_OF_A_NUMBER,
        pilot=PILOT_VARIABLE,
        dialled_header=DIALLED_HEADER_VARIABLE,
        leg=LEG_VARIABLE,
        full=FULL_CONTEXT,
        full_steps="\n same => n,".join(_full_steps(calls)),
        limit_s=longest_call_s(calls.max_duration_s),
        unclaimed_s=UNCLAIMED_S,
    )


def _full_steps(calls: CallsConfig) -> Iterator[str]:
    """Give the steps of the context for a full gateway; Asterisk skips a message that it does not have."""
    tone_s = 0.0 if calls.full_tone == "none" else calls.full_tone_s
    yield f"Set(TIMEOUT(absolute)={LONGEST_MESSAGE_S + math.ceil(tone_s)})"
    yield "Progress()"
    if calls.full_message:
        yield f"Playback({calls.full_message},noanswer)"
    if tone_s:
        yield f"Playtones({calls.full_tone})"
        yield f"Wait({tone_s:g})"
    yield f"Hangup({FULL_CAUSE})"
