"""Core: reads the parameters of a request from its query and from its body: a form, multipart/form-data, or JSON.

The body comes before the query. Arrays and objects of JSON become names as forms write them: ``Events[0]``,
``Legs[0][Status]``.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from multipart import MultipartError, PushMultipartParser, parse_options_header

from exoswitch.errors import InvalidRequest
from exoswitch.web.parameters import Parameters

MAX_PARAMETERS = 200
MAX_JSON_DEPTH = 8
MAX_JSON_MARKS = 2000
"""Commas and opening brackets in a JSON body: 64 KiB of lists takes 20 ms to read, in which no call has audio."""
_MAX_PART_HEADERS = 8
_MAX_PART_HEADER_BYTES = 1024
_MAX_CONTENT_TYPE = 256
_TOO_MANY = f"the request has more than {MAX_PARAMETERS} parameters"

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_JSON = "application/json"

Pairs = Iterable[tuple[str, str]]


def read_parameters(query: bytes, content_type: str, body: bytes) -> Parameters:
    """Give the parameters of a request; a body without a type is a form.

    Raises:
        InvalidRequest: the body has another type or is malformed, or a text is not UTF-8, or holds NUL.
    """
    read: list[tuple[str, str]] = []
    for pairs in (_read_body(content_type, body), read_form(query)):
        for count, (name, value) in enumerate(pairs, 1):
            if count > MAX_PARAMETERS:
                raise InvalidRequest(_TOO_MANY)
            read.append((_checked(name, name), _checked(name, value)))
    return Parameters.of(read)


def read_form(text: bytes) -> Iterator[tuple[str, str]]:
    """Read ``name=value&name=value``; a ``;`` is a part of its value, as in Exotel's filters.

    Raises:
        InvalidRequest: there are too many parameters, or a text is not UTF-8.
    """
    items = text.split(b"&", MAX_PARAMETERS + 1)
    if len(items) > MAX_PARAMETERS:
        raise InvalidRequest(_TOO_MANY)
    for item in filter(None, items):
        name, _, value = (part.replace(b"+", b" ") for part in item.partition(b"="))
        yield _decoded(name, unquote_to_bytes(name)), _decoded(name, unquote_to_bytes(value))


def read_multipart(body: bytes, boundary: str) -> Iterator[tuple[str, str]]:
    """Read the parts of a form; a file counts as text.

    Raises:
        InvalidRequest: it is malformed, or a text is not UTF-8.
    """
    try:
        parser = PushMultipartParser(
            boundary,
            max_header_size=_MAX_PART_HEADER_BYTES,
            max_header_count=_MAX_PART_HEADERS,
            max_segment_count=MAX_PARAMETERS + 1,  # `read_parameters` refuses the last one
        )
        name, value = "", b""
        with parser:
            for event in parser.parse(body):
                if event is None:
                    yield name, _decoded(name.encode(), value)
                elif isinstance(event, (bytes, bytearray)):
                    value += event
                else:
                    name, value = event.name, b""
    except MultipartError as problem:
        raise InvalidRequest(f"the multipart body cannot be read: {problem.args[0]}") from None


def read_json(body: bytes) -> Any:
    """Read a JSON document.

    Raises:
        InvalidRequest: it is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not JSON, though its Content-Type says so") from None


def _read_body(content_type: str, body: bytes) -> Pairs:
    if not body:
        return ()
    kind, options = parse_options_header(content_type[:_MAX_CONTENT_TYPE])
    if kind in {"", _FORM}:
        return read_form(body)
    if kind == _MULTIPART:
        return read_multipart(body, options.get("boundary", ""))
    if kind == _JSON:
        if sum(map(body.count, (b",", b"[", b"{"))) > MAX_JSON_MARKS:
            raise InvalidRequest(_TOO_MANY)
        return _flat(read_json(body))
    raise InvalidRequest(f"Content-Type {kind[:60]!r} is not supported: send {_FORM}, {_MULTIPART} or {_JSON}")


def _flat(document: Any) -> Pairs:
    if not isinstance(document, dict):
        raise InvalidRequest("the JSON body is not an object: write the parameters as its keys")
    return (pair for key, value in document.items() for pair in _named(key, value, MAX_JSON_DEPTH))


def _named(name: str, value: Any, levels: int) -> Iterator[tuple[str, str]]:
    """Give the parameters of a JSON value; null is a missing one."""
    if isinstance(value, (dict, list)):
        if not levels:
            raise InvalidRequest(f"the JSON body has more than {MAX_JSON_DEPTH} levels")
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _named(f"{name}[{key}]", item, levels - 1)
    elif value is not None:
        yield name, value if isinstance(value, str) else json.dumps(value)


def _decoded(name: bytes, text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        shown = name[:40].decode("utf-8", "replace")
        raise InvalidRequest(f"the parameter {shown!a} is not UTF-8") from None


def _checked(name: str, text: str) -> str:
    """Refuse text that no database can keep: NUL, and half of a surrogate pair, which JSON can write."""
    if "\0" in text or not _is_utf8(text):
        raise InvalidRequest(f"the parameter {name[:40]!a} has a character that is not text: remove it")
    return text


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
