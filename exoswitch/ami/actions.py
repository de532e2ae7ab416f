"""Core: the actions that log in and that claim, bridge, redirect and end a call, as Asterisk 22 takes them.

Channels are named by their Uniqueid, which Hangup, AGI, Redirect, Getvar, Setvar and PlayDTMF all take (tried on
22.10).
"""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import unquote

from exoswitch.ami.message import AmiMessage
from exoswitch.ami.names import LEG_VARIABLE, LOCAL_ADDRESS, LOCAL_PORT, OWNER_VARIABLE, signature
from exoswitch.errors import RemoteProtocolError

# The application of a channel that an Originate has made, until it is answered and the dialplan begins (22.10).
_BEING_DIALLED = "AppDial2"

# The one of a call that waits for a gateway. A claim leaves it; a bridge, or another place in the dialplan, does not.
_WAITING = "AGI"

LEG_ADDRESS = f"EVAL(${{CHANNEL(linkedid)}},${{{LOCAL_ADDRESS}}},${{{LOCAL_PORT}}})"

_NO_SUCH_CHANNEL = re.compile(r"No such channel|Channel does not exist: .*|Channel .* does not exist\.")
_CLAIMED_BY = re.compile(r"200 result=1 \((.+)\)")


# --- The connection ---------------------------------------------------------------------------------------------


def challenge() -> AmiMessage:
    """Ask for a challenge, so that the secret need not cross the wire."""
    return AmiMessage.action("Challenge", ("AuthType", "MD5"))


def log_in(username: str, secret: str, challenged: AmiMessage) -> AmiMessage:
    """Answer the response to `challenge`."""
    key = hashlib.md5((challenged.get("Challenge") + secret).encode(), usedforsecurity=False).hexdigest()
    return AmiMessage.action("Login", ("AuthType", "MD5"), ("Username", username), ("Key", key))  # AMI has no other


def log_in_by_secret(username: str, secret: str) -> AmiMessage:
    """Give the secret itself: for a connection that is encrypted, and whose server is known."""
    return AmiMessage.action("Login", ("Username", username), ("Secret", secret))


def list_channels() -> AmiMessage:
    """Ask for all channels that are up; the answer is a list."""
    return AmiMessage.action("CoreShowChannels")


# --- Calls ------------------------------------------------------------------------------------------------------


def bridge(channel_id: str, dial_string: str) -> AmiMessage:
    """Answer a waiting channel and bridge it to our leg; success only means that the command is queued."""
    return _agi(channel_id, channel_id, f'EXEC Dial "{dial_string}"')


def redirect(channel_id: str, context: str) -> AmiMessage:
    """Move a channel to another context of the dialplan; Asterisk hangs up the leg that it was bridged to."""
    place = ("Context", context), ("Exten", "s"), ("Priority", "1")
    return AmiMessage.action("Redirect", ("Channel", channel_id), *place)


def hang_up(channel_id: str, cause: int) -> AmiMessage:
    """End a call with this Q.850 cause."""
    return AmiMessage.action("Hangup", ("Channel", channel_id), ("Cause", str(cause)))


def says_channel_gone(refusal: AmiMessage) -> bool:
    """Whether Asterisk refuses an action because there is no such channel.

    The texts are those of Asterisk 22's manager.c and res_agi.c. "Redirect failed, channel not up." is not among
    them: a channel that is being redirected gets it, too.
    """
    return _NO_SUCH_CHANNEL.fullmatch(refusal.get("Message")) is not None


def set_media_target(channel_id: str, dial_string: str) -> AmiMessage:
    """Set the leg that the call's next bridge dials."""
    return _set(channel_id, LEG_VARIABLE, dial_string)


def set_absolute_timeout(channel_id: str, seconds: int) -> AmiMessage:
    """Give a claimed call its full time: until then it has only as long as a call may wait for a gateway."""
    return _set(channel_id, "TIMEOUT(absolute)", str(seconds))


def get_application(channel_id: str) -> AmiMessage:
    """Ask which dialplan application a channel runs."""
    return _get(channel_id, "CHANNEL(appname)")


def get_leg(leg: str) -> AmiMessage:
    """Ask to which channel a leg belongs, and where Asterisk listens for its RTP."""
    return _get(leg, LEG_ADDRESS)


def leg_of(answer: str) -> tuple[str, str, str]:
    """Read the value that answers `get_leg`: the channel's id, the host and the port.

    Raises:
        RemoteProtocolError: it is no such value.
    """
    match answer.split(","):
        case [channel_id, host, port]:
            return channel_id, host, port
    raise RemoteProtocolError("the answer about a leg is not CHANNEL,HOST,PORT")


def is_being_dialled(answer: AmiMessage) -> bool:
    """Read the answer to `get_application`: whether the phone rings, so that no leg has been dialled yet.

    The channel's state would not tell: it is up as soon as the phone is answered, before the dialplan's first step.
    """
    return answer.get("Value") == _BEING_DIALLED


def is_waiting(answer: AmiMessage) -> bool:
    """Read the answer to `get_application`: whether an inbound call waits for a gateway."""
    return answer.get("Value") == _WAITING


def answered(channels: Iterable[AmiMessage]) -> frozenset[str]:
    """Find in a CoreShowChannels list the channels that are in the dialplan after the answer of their phone."""
    return frozenset(
        channel.get("Uniqueid")
        for channel in channels
        if channel.get("ChannelStateDesc") == "Up" and channel.get("Application") not in {"", _BEING_DIALLED}
    )


# --- Whose call it is -------------------------------------------------------------------------------------------


def claim(channel_id: str, node: str, command_id: str) -> AmiMessage:
    """Put our name on a waiting channel unless another gateway's is on it; the answer says whose it is.

    A channel runs its commands one after the other on its own thread. So, of two gateways that heard the call arrive,
    exactly one finds the channel free.
    """
    variable = f"${{{OWNER_VARIABLE}}}"
    owner = f"${{IF($[${{ISNULL({variable})}}]?{signature(node)}:{variable})}}"
    return _agi(channel_id, command_id, f"GET FULL VARIABLE ${{SET({OWNER_VARIABLE}={owner})}}")


def claimed_by_another(executed: AmiMessage, node: str) -> str | None:
    """Read the AsyncAGIExec that answers `claim`: the gateway that has the call; None if that is us."""
    answer = _CLAIMED_BY.match(unquote(executed.get("Result")))
    return None if answer is None else _another(answer[1], node)


def set_owner(channel_id: str, node: str) -> AmiMessage:
    """Put our name on a channel, in place of any other."""
    return _set(channel_id, OWNER_VARIABLE, signature(node))


def get_owner(channel_id: str) -> AmiMessage:
    """Ask whose name is on a channel."""
    return _get(channel_id, OWNER_VARIABLE)


def owned_by_another(answer: AmiMessage, node: str) -> str | None:
    """Read the answer to `get_owner`: the other gateway whose name is on it; None if ours is, or nobody's."""
    return _another(answer.get("Value"), node)


def _agi(channel_id: str, command_id: str, command: str) -> AmiMessage:
    return AmiMessage.action("AGI", ("Channel", channel_id), ("CommandID", command_id), ("Command", command))


def _get(channel_id: str, variable: str) -> AmiMessage:
    return AmiMessage.action("Getvar", ("Channel", channel_id), ("Variable", variable))


def _set(channel_id: str, variable: str, value: str) -> AmiMessage:
    return AmiMessage.action("Setvar", ("Channel", channel_id), ("Variable", variable), ("Value", value))


def _another(owner: str, node: str) -> str | None:
    return None if owner in {"", signature(node)} else owner
