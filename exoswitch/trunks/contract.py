"""Core: what every trunk promises, as checks for tests: of our providers, and of those of other packages.

def test_trunk_keeps_its_promises():
    assert list(broken_promises(build(settings))) == []
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from zope.interface.exceptions import Invalid
from zope.interface.verify import verifyObject

from exoswitch.ami.names import INBOUND_CONTEXT, NO_CONTEXT
from exoswitch.errors import InvalidValue
from exoswitch.interfaces.trunk import Dialling, ITrunk, SignallingPeer

NUMBERS = ("+919812345610", "+918047491899", "+14155550100")
HOSTILE = (
    *("", "+", "s", "0981 234", "0981@evil", "0981&PJSIP/1@lab", "0981\r\nAction: Command", "${SHELL(id)}", "١٢٣"),
    *("1" * 33, "<sip:1@evil>", "+91981234561\n0", "0981;lr", '"', "a,b"),
)
IMPOSSIBLE = "+7411179773"
"""An Indian number with a + before it instead of +91."""

_SECTION = re.compile(r"^\[(.*)\]$", re.MULTILINE)
_SETTING = re.compile(r"^(\w+) = ?(.*)$", re.MULTILINE)
_NUMBER = re.compile(r"\+?[0-9]{1,32}", re.ASCII)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z0-9_]+(\([A-Za-z0-9,-]+\))?", re.ASCII)
_TYPES = {"endpoint", "aor", "auth", "identify", "registration"}

_SAFE = (
    ("context", INBOUND_CONTEXT, "a call would skip the check of its numbers"),
    ("set_var", f"FORWARD_CONTEXT={NO_CONTEXT}", "a redirection would place a call"),
    ("allow_transfer", "no", "the far end could transfer a call"),
    ("direct_media", "no", "audio would pass Asterisk by"),
    ("trust_connected_line", "no", "the far end's text would get into events"),
)
_NEVER_ENDING = ("auth_rejection_permanent", "fatal_retry_interval", "forbidden_retry_interval", "max_retries")


def broken_promises(trunk: ITrunk) -> Iterator[str]:
    """Give a sentence for each promise of ITrunk that a trunk breaks; none is good."""
    try:
        verifyObject(ITrunk, trunk)
    except Invalid as error:
        yield f"it does not implement ITrunk: {error}"
        return
    yield from _addresses(trunk)
    yield from _shown(trunk)
    yield from _dialled(trunk)
    yield from _sections(trunk)
    yield from _secrets(trunk)


def _addresses(trunk: ITrunk) -> Iterator[str]:
    if not isinstance(trunk.signalling, SignallingPeer):
        yield "signalling is no SignallingPeer"
    if not all(isinstance(network, IPv4Network | IPv6Network) for network in trunk.media):
        yield "media has something that is no network of ipaddress"
    if not all(isinstance(source, str) and source for source in trunk.sources):
        yield "sources has something that is no text"
    if any("%" in str(place) for place in (*trunk.media, *trunk.sources)):
        yield "media or sources has an address with a zone, which may be any text"
    if not all(300 <= status <= 699 for status in trunk.own_refusals):
        yield "own_refusals has something that is no refusal of SIP (300 to 699)"
    if trunk.post_dial_s <= 0:
        yield "post_dial_s is not above 0"


def _shown(trunk: ITrunk) -> Iterator[str]:
    for number in trunk.numbers:
        if not _E164.fullmatch(number) or trunk.shown(number) != number:
            yield "it does not show one of its own numbers as it is (E.164)"
    for number in NUMBERS:
        if trunk.shown(number) not in (trunk.numbers or (number,)):
            yield "it shows a number that it does not have"


def _dialled(trunk: ITrunk) -> Iterator[str]:
    own = trunk.numbers[0] if trunk.numbers else NUMBERS[1]
    for number in NUMBERS:
        yield from unsafe(trunk, trunk.dial(number, own))
    for number, exophone in (*((text, own) for text in HOSTILE), *((NUMBERS[0], text) for text in HOSTILE)):
        try:
            dialling = trunk.dial(number, exophone)
        except InvalidValue:
            continue
        if number in HOSTILE:
            yield f"it dials {number!r}, which is no number"
        yield from unsafe(trunk, dialling)
    try:
        trunk.dial(IMPOSSIBLE, own)
    except InvalidValue:
        return
    yield f"it dials {IMPOSSIBLE}, which no phone can have"


def unsafe(trunk: ITrunk, dialling: Dialling) -> Iterator[str]:
    """Give a sentence for each text of a Dialling that AMI could read as something else."""
    number = dialling.channel.removeprefix("PJSIP/").removesuffix(f"@{trunk.name}")
    if dialling.channel != f"PJSIP/{number}@{trunk.name}" or not _NUMBER.fullmatch(number):
        yield f"its channel is not PJSIP/NUMBER@{trunk.name}"
    if not _NUMBER.fullmatch(dialling.caller_id):
        yield "its caller id is no number"
    for name, value in dialling.variables:
        if not _VARIABLE.fullmatch(name) or not value.isprintable() or set(value) & set('",\\[]{}$'):
            yield f"its variable {name} may be read as several"


def _sections(trunk: ITrunk) -> Iterator[str]:
    text = trunk.pjsip()
    if {*_SECTION.findall(text)} != {trunk.name}:
        yield f"its sections of pjsip.conf are not all [{trunk.name}]"
    if not all(line.isprintable() for line in text.splitlines()):
        yield "its sections hold control characters"
    settings = _SETTING.findall(text)
    types = [value for key, value in settings if key == "type"]
    if not set(types) <= _TYPES or types.count("endpoint") != 1 or types.count("aor") != 1:
        yield "it needs one endpoint and one aor, and may have auth, identify and registration"
    for key, value, danger in _SAFE:
        if (key, value) not in settings:
            yield f"without {key} = {value} {danger}"
    values = dict(settings)
    if trunk.asks_options != (values.get("qualify_frequency", "0") != "0"):
        yield "asks_options does not agree with qualify_frequency"
    if trunk.registers != ("registration" in types):
        yield "registers does not agree with its sections"
    if trunk.registers and not values.keys() >= set(_NEVER_ENDING):
        yield f"its registration can end for good; set {', '.join(_NEVER_ENDING)}"


def _secrets(trunk: ITrunk) -> Iterator[str]:
    shown = repr(trunk) + str(trunk)
    for key, value in _SETTING.findall(trunk.pjsip()):
        if key == "password" and value.replace("\\;", ";") in shown:
            yield "its repr shows the password; declare the field with repr=False"
