"""Core: the Originate of an outbound call, and the channel variables in it, as Asterisk 22 takes them."""

import re
from collections.abc import Iterable

from exoswitch.ami.message import AmiMessage
from exoswitch.ami.names import (
    BRIDGE_CONTEXT,
    FIRST_VARIABLE,
    LEG_VARIABLE,
    OWNER_VARIABLE,
    SECOND_CONTEXT,
    signature,
)
from exoswitch.errors import LocalProtocolError

# A function of any other name could do more than add a header to the INVITE. A token of RFC 3261 may hold more, but
# no header's name does.
_MAY_BE_SET = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}|PJSIP_HEADER\(add,[A-Za-z][A-Za-z0-9-]{0,63}\)")
_OURS = frozenset({LEG_VARIABLE, FIRST_VARIABLE, OWNER_VARIABLE})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SPECIAL = re.compile(r"[\\\",()\[\]]")


def originate(
    *,
    channel_id: str,
    channel: str,
    caller_id: str,
    ring_s: float,
    dial_string: str,
    node: str,
    joins: str | None = None,
    variables: Iterable[tuple[str, str]] = (),
) -> AmiMessage:
    """Dial a phone on `channel`, and bridge it to the leg of `dial_string` once it is answered, or to `joins`.

    The channel has our name on it from the beginning. The ActionID is the channel's own id, because an
    OriginateResponse may not know the channel.

    Raises:
        LocalProtocolError: a variable may not be set, or its value holds a control character.
    """
    return AmiMessage.action(
        "Originate",
        ("ActionID", channel_id),
        ("ChannelId", channel_id),
        ("Channel", channel),
        ("Context", BRIDGE_CONTEXT if joins is None else SECOND_CONTEXT),
        ("Exten", "s"),
        ("Priority", "1"),
        ("Async", "true"),
        ("Timeout", str(round(ring_s * 1000))),
        ("CallerID", f"<{caller_id}>"),
        ("Variable", f"{LEG_VARIABLE}={dial_string}" if joins is None else f"{FIRST_VARIABLE}={joins}"),
        ("Variable", f"{OWNER_VARIABLE}={signature(node)}"),
        *(("Variable", _assignment(name, value)) for name, value in variables),
    )


def tap(*, tap_id: str, channel_id: str, dial_string: str, node: str, one_side: bool) -> AmiMessage:
    """Send a copy of a channel's audio to the leg of `dial_string`; see `ISwitch.tap`.

    ChanSpy's options (22.10): q says no word, u names the channel by its Uniqueid, E and S end with it, o takes only
    the audio that comes from it.
    """
    return AmiMessage.action(
        "Originate",
        ("ActionID", tap_id),
        ("ChannelId", tap_id),
        ("Channel", dial_string),
        ("Application", "ChanSpy"),
        ("Data", f"{channel_id},quES{'o' * one_side}"),
        ("Async", "true"),
        ("Variable", f"{OWNER_VARIABLE}={signature(node)}"),
    )


def _assignment(name: str, value: str) -> str:
    """Write ``name=value`` so that Asterisk reads one variable, with this value.

    It splits a Variable header at commas, and takes quotes and backslashes away (main/manager.c,
    `astman_get_variables`; main/app.c, `ast_app_separate_args`). It replaces nothing within a value.
    """
    if not _MAY_BE_SET.fullmatch(name) or name in _OURS:
        raise LocalProtocolError(f"a call may not set the variable {name!r}: write a name, or PJSIP_HEADER(add,NAME)")
    if _CONTROL.search(value):
        raise LocalProtocolError(f"the value of the variable {name} holds a control character")
    return f"{name}={_SPECIAL.sub(_escaped, value)}"


def _escaped(special: re.Match[str]) -> str:
    return f"\\{special[0]}"
