"""Core: the form of an answer: XML, JSON, or the JSON of versions 2 and 3; the path chooses it (spec §6.1)."""

import json
from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import islice
from typing import Any

from exoswitch.exotel.rest.xml import render_items, render_xml

SUFFIX = ".json"
_ITEMS = 10  # of a part


class Form(Enum):
    """A form; the value is its ``Content-Type``."""

    XML = "application/xml"
    JSON = "application/json"
    V2 = "application/json; charset=utf-8"

    @classmethod
    def of_path(cls, path: str) -> "Form":
        """Give the form that a path asks for; any word of it may have the suffix, as in ``Calls.json/<sid>``."""
        words = path.lower().strip("/").split("/")
        if words[0] in {"v2", "v3"}:
            return cls.V2
        if words[0] == "v2_beta" or any(word.endswith(SUFFIX) for word in words):
            return cls.JSON
        return cls.XML

    def write(self, document: Mapping[str, Any]) -> bytes:
        """Write a document."""
        if self is Form.XML:
            return render_xml(document)
        return _json(document)

    def parts(self, document: Mapping[str, Any]) -> Iterator[bytes]:
        """Write a document whose last value is an iterator of items, in parts of a few of them."""
        *_, (name, items) = document.items()
        is_xml = self is Form.XML
        begin = f"<{name}>".encode() if is_xml else _json(name) + b":["
        before, begin, after = self.write({**document, name: []}).rpartition(begin)
        yield before + begin
        separator = b""
        while some := list(islice(items, _ITEMS)):
            yield separator + (render_items(name, some) if is_xml else _json(some)[1:-1])
            separator = b"" if is_xml else b","
        yield after


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
