"""Core: the body of a status callback: multipart, as Exotel sends it unless it is asked for JSON, or a form."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

from attrs import field, frozen

from exoswitch.exotel.callbacks.documents import Document


@frozen
class Body:
    """A body, and the value of its Content-Type."""

    content_type: str
    data: bytes = field(repr=False)


def encode(document: Document, content: str, boundary: str) -> Body:
    """Encode a document; `boundary` separates the parts of a multipart body, and must occur in no value."""
    if content == "json":
        return Body("application/json", json.dumps(document, separators=(",", ":")).encode("ascii"))
    pairs = list(_flat(document))
    if content == "form":
        return Body("application/x-www-form-urlencoded", urlencode(pairs, errors="replace").encode("ascii"))
    return Body(f"multipart/form-data; boundary={boundary}", _multipart(pairs, boundary))


def _flat(document: Document) -> Iterator[tuple[str, str]]:
    """Give the values as text, those of a leg as ``Legs[0][Status]``."""
    for name, value in document.items():
        if not isinstance(value, list):
            yield name, str(value)
            continue
        for number, item in enumerate(value):
            for key, told in item.items():
                yield f"{name}[{number}][{key}]", str(told)


def _multipart(pairs: list[tuple[str, str]], boundary: str) -> bytes:
    parts = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs
    )
    return "".join([*parts, f"--{boundary}--\r\n"]).encode("utf-8", errors="replace")
