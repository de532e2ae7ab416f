"""A strict decoder of JSON, like those of Haskell, Java and .NET: every key and its exact type, or an error.

A shape is a type, a tuple of types (None is JSON's null), `OneOf` (texts), a dict (an object whose keys must all be
there), or a list of one shape. Unknown keys are ignored, as those decoders do. A number is not a text, and true is
not a number.
"""

import datetime as dt
from typing import Any

from attrs import frozen

NUMBER, TEXT, NULL = int, str, type(None)
INDIAN_TIME = "%Y-%m-%d %H:%M:%S"


@frozen
class OneOf:
    """One of these texts."""

    texts: tuple[str, ...]


@frozen
class Moment:
    """A time as `YYYY-MM-DD HH:MM:SS`, or an empty text if `may_be_empty`."""

    may_be_empty: bool = False


class Undecodable(Exception):
    """A document does not have the shape; the text says where."""


def decode(document: Any, shape: Any, where: str = "") -> Any:
    """Check a document against a shape; give it back.

    Raises:
        Undecodable: a key is missing, or a value has another type.
    """
    match shape:
        case dict():
            _decode_object(document, shape, where)
        case [each]:
            _check(isinstance(document, list), where, "an array", document)
            for number, item in enumerate(document):
                decode(item, each, f"{where}[{number}]")
        case OneOf(texts):
            _check(isinstance(document, str) and document in texts, where, f"one of {texts}", document)
        case Moment(may_be_empty):
            _check(isinstance(document, str) and _is_time(document, may_be_empty), where, "a time", document)
        case tuple():
            _check(type(document) in shape, where, " or ".join(one.__name__ for one in shape), document)
        case _:
            _check(type(document) is shape, where, shape.__name__, document)
    return document


def _decode_object(document: Any, shape: dict[str, Any], where: str) -> None:
    _check(isinstance(document, dict), where, "an object", document)
    for key, each in shape.items():
        path = f"{where}.{key}" if where else key
        if key not in document:
            raise Undecodable(f"{path} is missing; there are {', '.join(document)}")
        decode(document[key], each, path)


def _is_time(text: str, may_be_empty: bool) -> bool:
    try:
        dt.datetime.strptime(text, INDIAN_TIME)  # noqa: DTZ007 - Exotel writes no zone
    except ValueError:
        return may_be_empty and not text
    return True


def _check(is_good: bool, where: str, wanted: str, document: Any) -> None:
    if not is_good:
        raise Undecodable(f"{where or 'the document'} must be {wanted}, and is {document!r}")
