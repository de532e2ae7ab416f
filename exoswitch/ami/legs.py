"""Core: legs, the UnicastRTP channels that lead to gateways: how they are dialled, and how their names are read.

Asterisk 22.10 calls them ``UnicastRTP/HOST:PORT-0x…``, an IPv6 host in brackets; their ``Linkedid`` is the Uniqueid
of the phone's channel.
"""

import re
from collections.abc import Iterable

from exoswitch.ami.message import AmiMessage
from exoswitch.call.events import MediaAddress

LEG = "UnicastRTP/"

_HOST = r"(?:\[(?P<ipv6>[0-9A-Fa-f:.%]+)\]|(?P<host>[^:\[\]\s]+))"
_NAME = re.compile(rf"{LEG}{_HOST}:(?P<port>[0-9]{{1,5}})-.*")


def dial_string(host: str, port: int, codec: str) -> str:
    """Write the dial string of a leg that sends a call's RTP to this address."""
    address = f"[{host}]" if ":" in host else host
    return f"{LEG}{address}:{port}/c({codec})"


def is_leg(message: AmiMessage) -> bool:
    """Whether an event is of a channel to a gateway, and not of one to a phone."""
    return message.get("Channel").startswith(LEG)


def destination(channel: str) -> MediaAddress | None:
    """Read from a leg's name the address that its RTP goes to; None if the name has none."""
    name = _NAME.fullmatch(channel)
    if name is None or not 0 < int(name["port"]) < 65536:
        return None
    return name["ipv6"] or name["host"], int(name["port"])


def legs(channels: Iterable[AmiMessage]) -> dict[str, MediaAddress]:
    """Find in a CoreShowChannels list the address that the RTP of each phone's channel goes to.

    A call that is being taken over has two legs for a moment; the one that is in a bridge counts.
    """
    return {
        channel.get("Linkedid"): address
        for channel in sorted(channels, key=lambda channel: bool(channel.get("BridgeId")))
        if is_leg(channel) and (address := destination(channel.get("Channel"))) is not None
    }
