"""Core: the actions that place, claim, bridge, lead elsewhere and end a call, as Asterisk 22 understands them.

Channels are named by their Uniqueid, which Hangup, AGI, Redirect, Getvar, Setvar and PlayDTMF all take (tried on
22.10).
"""

import math
import re
from urllib.parse import unquote

from exoswitch.ami.message import AmiMessage

BRIDGE_CONTEXT = "exoswitch-bridge"  # its extension s dials EXOSWITCH_LEG; see the rendered extensions.conf
FULL_CONTEXT = "exoswitch-full"  # its extension s lets a caller hear that there is no place
LEG_VARIABLE = "EXOSWITCH_LEG"
OWNER_VARIABLE = "EXOSWITCH_GATEWAY"

# How much longer than the longest call Asterisk waits before it ends a call on its own account: only then is it sure
# that no gateway is going to.
GRACE_S = 60

# What a channel that an Originate makes says it runs, until it is answered and the dialplan begins (tried on 22.10).
_BEING_DIALLED = "AppDial2"

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]")
_NO_SUCH_CHANNEL = re.compile(r"No such channel|Channel does not exist: .*|Channel .* does not exist\.")
_CLAIMED_BY = re.compile(r"200 result=1 \((.+)\)")


def leg(host: str, port: int, codec: str) -> str:
    """Give the dial string of a channel that sends a call's RTP to this address."""
    address = f"[{host}]" if ":" in host else host
    return f"UnicastRTP/{address}:{port}/c({codec})"


def originate(
    *, channel_id: str, channel: str, caller_id: str, ring_s: float, dial_string: str, node: str
) -> AmiMessage:
    """Dial a phone on `channel`, and once it is answered bridge it to the leg that `dial_string` names.

    The channel has our name on it from the beginning. The ActionID is the channel's own id, for an OriginateResponse
    may not know the channel.
    """
    return AmiMessage.action(
        "Originate",
        ("ActionID", channel_id),
        ("ChannelId", channel_id),
        ("Channel", channel),
        ("Context", BRIDGE_CONTEXT),
        ("Exten", "s"),
        ("Priority", "1"),
        ("Async", "true"),
        ("Timeout", str(round(ring_s * 1000))),
        ("CallerID", f"<{caller_id}>"),
        ("Variable", f"{LEG_VARIABLE}={dial_string}"),
        ("Variable", f"{OWNER_VARIABLE}={_name(node)}"),
    )


def hang_up(channel_id: str, cause: int) -> AmiMessage:
    """End a call with this Q.850 cause."""
    return AmiMessage.action("Hangup", ("Channel", channel_id), ("Cause", str(cause)))


def says_channel_gone(refusal: AmiMessage) -> bool:
    """Whether Asterisk refuses an action because there is no such channel.

    The texts are those of Asterisk 22's manager.c and res_agi.c. "Redirect failed, channel not up." is not among
    them: a channel that is being redirected gets it, too.
    """
    return _NO_SUCH_CHANNEL.fullmatch(refusal.get("Message")) is not None


def claim(channel_id: str, node: str, command_id: str) -> AmiMessage:
    """Put our name on a waiting channel unless another gateway's is on it; the answer says whose it is.

    The commands of one channel run one after the other on the channel's own thread, so of two gateways that both
    heard the call arrive exactly one finds it free, without a word between them.
    """
    variable = f"${{{OWNER_VARIABLE}}}"
    owner = f"${{IF($[${{ISNULL({variable})}}]?{_name(node)}:{variable})}}"
    return _agi(channel_id, command_id, f"GET FULL VARIABLE ${{SET({OWNER_VARIABLE}={owner})}}")


def claimed_by_another(executed: AmiMessage, node: str) -> str | None:
    """Read the AsyncAGIExec that answers `claim`: the gateway that has the call; None if that is us."""
    answer = _CLAIMED_BY.match(unquote(executed.get("Result")))
    return None if answer is None else _another(answer[1], node)


def list_channels() -> AmiMessage:
    """Ask for all channels that are up; it is answered by a list."""
    return AmiMessage.action("CoreShowChannels")


def ask_owner(channel_id: str) -> AmiMessage:
    """Ask whose name is on a channel."""
    return _get(channel_id, OWNER_VARIABLE)


def owned_by_another(answer: AmiMessage, node: str) -> str | None:
    """Read the answer to `ask_owner`: the other gateway whose name is on it; None if ours is, or nobody's."""
    return _another(answer.get("Value"), node)


def sign(channel_id: str, node: str) -> AmiMessage:
    """Put our name on a channel, whatever is on it."""
    return _set(channel_id, OWNER_VARIABLE, _name(node))


def lead(channel_id: str, dial_string: str) -> AmiMessage:
    """Have the next bridge of a call dial this leg."""
    return _set(channel_id, LEG_VARIABLE, dial_string)


def redirect(channel_id: str, context: str) -> AmiMessage:
    """Move a channel to another place in the dialplan; the leg that it is bridged to is hung up by itself."""
    place = ("Context", context), ("Exten", "s"), ("Priority", "1")
    return AmiMessage.action("Redirect", ("Channel", channel_id), *place)


def ask_progress(channel_id: str) -> AmiMessage:
    """Ask whether a channel is in the dialplan yet."""
    return _get(channel_id, "CHANNEL(appname)")


def is_being_dialled(answer: AmiMessage) -> bool:
    """Read the answer to `ask_progress`: whether what the dialplan will dial can still be changed by `lead` alone.

    The channel's state would not tell: between the answer and the dialplan's first step it is up already.
    """
    return answer.get("Value") == _BEING_DIALLED


def longest_call_s(max_duration_s: float) -> int:
    """Give the limit that Asterisk itself sets to a call which should be ended after `max_duration_s`."""
    return math.ceil(max_duration_s) + GRACE_S


def let_last(channel_id: str, seconds: int) -> AmiMessage:
    """Give a claimed call its full time: until then it has only as long as a call may wait for a gateway."""
    return _set(channel_id, "TIMEOUT(absolute)", str(seconds))


def bridge(channel_id: str, dial_string: str) -> AmiMessage:
    """Answer a waiting channel and bridge it to our RTP address; success only means that it is queued."""
    return _agi(channel_id, channel_id, f'EXEC Dial "{dial_string}"')


def _agi(channel_id: str, command_id: str, command: str) -> AmiMessage:
    return AmiMessage.action("AGI", ("Channel", channel_id), ("CommandID", command_id), ("Command", command))


def _get(channel_id: str, variable: str) -> AmiMessage:
    return AmiMessage.action("Getvar", ("Channel", channel_id), ("Variable", variable))


def _set(channel_id: str, variable: str, value: str) -> AmiMessage:
    return AmiMessage.action("Setvar", ("Channel", channel_id), ("Variable", variable), ("Value", value))


def _name(node: str) -> str:
    """Give a gateway's name as channels bear it: it must not break out of the expression of `claim`."""
    return _NOT_IN_A_NAME.sub("-", node)


def _another(owner: str, node: str) -> str | None:
    return None if owner in {"", _name(node)} else owner
