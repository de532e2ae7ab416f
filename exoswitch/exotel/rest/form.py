"""Core: the form of an answer: XML, JSON, or the JSON of versions 2 and 3; the path chooses it (spec §6.1)."""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

from exoswitch.exotel.rest.xml import render_xml

SUFFIX = ".json"


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
        return json.dumps(document, separators=(",", ":")).encode("ascii")
