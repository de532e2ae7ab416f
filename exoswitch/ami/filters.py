"""Core: what Asterisk is asked to leave out, so that a busy one does not send some 75 events a call but about 15.

Asterisk 22 filters by event name and header, cheaply, on its own side; an older one refuses, and is asked no more.
The criteria are written as in manager.conf.sample, ``method(exact)``; what its own help says, ``exact``, is refused.
Includes shut out every other event, FullyBooted too, which must therefore have come before the first filter is set.
"""

from exoswitch.ami.message import AmiMessage
from exoswitch.ami.translate import TRANSLATED_EVENTS

CLAIM_ANSWER = "AsyncAGIExec"
WANTED_EVENTS = TRANSLATED_EVENTS | {CLAIM_ANSWER, "FullyBooted"}

_NARROWER = {
    "VarSet": ("header(Variable),method(starts_with)", "UNICASTRTP_LOCAL_"),
    "DTMFEnd": ("header(Direction),method(exact)", "Received"),
}


def filter_actions() -> list[AmiMessage]:
    """Give the actions that limit a connection's events to those of use."""
    return [_include(name) for name in sorted(TRANSLATED_EVENTS | {CLAIM_ANSWER})]


def _include(event: str) -> AmiMessage:
    criteria = ("Operation", "Add"), ("MatchCriteria", f"name({event})")
    if event not in _NARROWER:
        return AmiMessage.action("Filter", *criteria)
    narrower, value = _NARROWER[event]
    return AmiMessage.action("Filter", criteria[0], ("MatchCriteria", f"name({event}),{narrower}"), ("Filter", value))
