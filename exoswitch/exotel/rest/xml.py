"""Core: a document of the REST API in XML: ``<TwilioResponse>`` around the same names as in JSON (spec §6.2).

None is an empty element. An item of a list is an element whose name is the list's in the singular; an item that names
itself so, as in ``"Legs": [{"Leg": {…}}]``, is written once.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2


def render_xml(document: Mapping[str, Any]) -> bytes:
    """Write a document; a character that XML does not have becomes U+FFFD."""
    return (_HEAD + _element("TwilioResponse", document)).encode("utf-8")


def render_items(name: str, items: Sequence[Any]) -> bytes:
    """Write items of the list `name` as they are in its element."""
    return "".join(_content(name, items)).encode("utf-8")


def _element(name: str, value: Any) -> str:
    if value is None:
        return f"<{name}/>"
    return f"<{name}>{''.join(_content(name, value))}</{name}>"


def _content(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield _element(key, item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            is_named = isinstance(item, Mapping) and tuple(item) == (_singular(name),)
            yield from _content(name, item) if is_named else (_element(_singular(name), item),)
    elif isinstance(value, bool):
        yield "true" if value else "false"
    else:
        yield escape(_NOT_XML.sub("\ufffd", str(value)))


def _singular(name: str) -> str:
    """Give the name of one item: ``Calls`` has ``Call``; a name without a final s has ``Item``."""
    return name[:-1] if name.endswith("s") else "Item"
