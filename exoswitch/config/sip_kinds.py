"""Port: the kinds of values that only SIP trunks have; an empty text is a value where a key may be left out."""

import ipaddress
import re
from collections.abc import Callable

from exoswitch.config.addresses import carrier_network, host
from exoswitch.config.kinds import Unreadable, manager_secret, matching
from exoswitch.network.addresses import Address

_ADDED_BY_ASTERISK = re.compile(
    r"(via|v|from|f|to|t|contact|m|call-id|i|cseq|route|record-route|max-forwards|content-.*|c|l|e|authorization|"
    r"proxy-authorization|require|supported|k|session-expires|x|min-se|p-asserted-identity|p-preferred-identity|"
    r"remote-party-id)",
    re.IGNORECASE,
)


def optional(read: Callable[[str], str]) -> Callable[[str], str]:
    """Declare a text that may be empty."""

    def read_optional(text: str) -> str:
        return read(text) if text else ""

    return read_optional


# RFC 3261 §25.1: characters of a user part that need no escape, and have no meaning in Asterisk's dial strings.
user = matching(
    r"[A-Za-z0-9+._-]{1,64}",
    "the user part of a SIP address: letters, digits and + . _ -; what follows an @ belongs to domain",
)
# It stands between quotes in a header of RFC 7616.
login = matching(r"[!#-\[\]-~]{1,128}", "letters, digits and signs, without blanks, quotes and backslashes")
realm = matching(r"[!#-\[\]-~]([ !#-\[\]-~]{0,126}[!#-\[\]-~])?", "letters, digits and signs, without quotes")
tech_prefix = matching(r"[0-9]{1,16}", "up to 16 digits")
label = matching(
    r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", "one part of a host name: letters, digits and - inside"
)
secret = optional(manager_secret)


def domain(text: str) -> str:
    """Read the host of a SIP address (RFC 3261 §25.1); it need not be in DNS."""
    return host(text)


def next_hop(text: str) -> str:
    """Read ``10.60.1.10``, ``10.60.1.10:5070``, or a host name with or without a port."""
    try:
        return host(text)
    except Unreadable:
        pass
    try:
        host(Address.of(text).host)
    except (ValueError, Unreadable):
        raise Unreadable("must be a host or a host with its port, written as 10.60.1.10:5060") from None
    return text


def edge(text: str) -> str:
    """Read the name of an edge of Exotel, such as in4, or the host that Exotel assigned."""
    return host(text) if "." in text else label(text)


def source(text: str) -> str:
    """Read a network of a carrier, or a host name, which Asterisk looks up when it starts."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return host(text)
    return str(carrier_network(text))


def header_name(text: str) -> str:
    """Read the name of an extra header (RFC 3261 §25.1), which Asterisk does not write itself."""
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", text):
        raise Unreadable("must be the name of a SIP header: letters, digits and -")
    if _ADDED_BY_ASTERISK.fullmatch(text):
        raise Unreadable("is a header that Asterisk writes itself; use the keys of the trunk, such as identity")
    return text


# Commas, quotes, brackets and backslashes have a meaning in a variable of AMI's Originate.
header_value = matching(
    r"[ !#%&*-+./0-9:;<=>?@A-Z^_a-z|~-]{1,200}", "up to 200 letters, digits and signs, without , quotes and brackets"
)
