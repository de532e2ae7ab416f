"""Core: the names that our actions and the rendered dialplan share, and the time limit of a call in both."""

import math
import re

INBOUND_CONTEXT = "exoswitch-inbound"  # takes a call from a trunk, and cleans its numbers
WAITING_CONTEXT = "exoswitch-waiting"  # holds it in AGI until a gateway claims it
BRIDGE_CONTEXT = "exoswitch-bridge"  # its extension s dials LEG_VARIABLE
SECOND_CONTEXT = "exoswitch-second"  # its extension s connects a second phone with the channel FIRST_VARIABLE
NO_CONTEXT = "exoswitch-nowhere"  # does not exist: what goes there ends
FULL_CONTEXT = "exoswitch-full"  # its extension s plays congestion to a caller for whom there is no place

PILOT_VARIABLE = "EXOSWITCH_PILOT"  # the number that a trunk registers
DIALLED_HEADER_VARIABLE = "EXOSWITCH_DIALLED_HEADER"  # in calls to that number, the header with the number dialled
LEG_VARIABLE = "EXOSWITCH_LEG"  # the dial string of the leg to a gateway
FIRST_VARIABLE = "EXOSWITCH_FIRST"  # the Uniqueid of the first phone's channel
OWNER_VARIABLE = "EXOSWITCH_GATEWAY"  # the name of the gateway whose call it is

LOCAL_ADDRESS = "UNICASTRTP_LOCAL_ADDRESS"  # where Asterisk listens for the RTP of a leg (chan_rtp's own variables)
LOCAL_PORT = "UNICASTRTP_LOCAL_PORT"

# Asterisk ends a call this much later than its gateway should have ended it: the gateway is dead then.
GRACE_S = 60


_NOT_IN_A_SIGNATURE = re.compile(r"[^A-Za-z0-9_.-]")


def signature(node: str) -> str:
    """Write a gateway's name so that it can break out of no expression."""
    return _NOT_IN_A_SIGNATURE.sub("-", node)


def longest_call_s(max_duration_s: float) -> int:
    """Give the time limit that Asterisk itself sets to a call whose gateway ends it after `max_duration_s`."""
    return math.ceil(max_duration_s) + GRACE_S
