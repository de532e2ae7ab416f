"""Core: event filters: with them, Asterisk sends about 15 events a call instead of about 75.

Asterisk 22 filters by event name and header, at little cost. An older Asterisk refuses the first filter, and gets no
second one. The criteria are written as in manager.conf.sample, ``method(exact)``; Asterisk refuses the ``exact`` of
its own help text. An include shuts out every other event, also FullyBooted: wait for that before the first filter.

An event that a caller's text cuts in two is not sent at all: it holds an empty line before its end.
"""

from exoswitch.ami.message import AmiMessage
from exoswitch.ami.translate import TRANSLATED_EVENTS

CLAIM_ANSWER = "AsyncAGIExec"
TRUNK_EVENTS = frozenset({"Registry", "ContactStatus", "Reload"})
STRANGER_REFUSED = "InvalidAccountID"
"""A SIP request came from an address of no trunk, and without the line of a registration; Asterisk answers 401."""

_FILTERED = TRANSLATED_EVENTS | TRUNK_EVENTS | {CLAIM_ANSWER, STRANGER_REFUSED}
WANTED_EVENTS = _FILTERED | {"FullyBooted"}

_NARROWER = {
    "VarSet": (
        ("MatchCriteria", "name(VarSet),header(Variable),method(starts_with)"),
        ("Filter", "UNICASTRTP_LOCAL_"),
    ),
    "DTMFEnd": (("MatchCriteria", "name(DTMFEnd),header(Direction),method(exact)"), ("Filter", "Received")),
}
_CUT_IN_TWO = (("MatchCriteria", "action(exclude),method(regex)"), ("Filter", "[[:cntrl:]]{4}[^[:cntrl:]]"))


def filter_actions() -> list[AmiMessage]:
    """Give the actions that limit a connection's events to those that we use."""
    filters = *(_NARROWER.get(name, (("MatchCriteria", f"name({name})"),)) for name in sorted(_FILTERED)), _CUT_IN_TWO
    return [AmiMessage.action("Filter", ("Operation", "Add"), *headers) for headers in filters]
