"""Core: the syntax of Asterisk's .conf files (res_config's parser, Asterisk 22)."""

from collections.abc import Iterable

HEADER = "; Written by `exoswitch render-asterisk`. Do not edit: change exoswitch.yaml and render again.\n"

Setting = tuple[str, object]


def escaped(value: object) -> str:
    r"""Escape each ``;`` of a value, which otherwise starts a comment: ``\;``."""
    return str(value).replace(";", "\\;")


def setting(key: str, value: object) -> str:
    """Write ``key = value``; the parser needs the equals sign even if the value is empty."""
    return f"{key} = {escaped(value)}".rstrip() + "\n"


def section(name: str, settings: Iterable[Setting] = ()) -> str:
    """Write ``[name]`` and its settings, in order."""
    return f"[{name}]\n" + "".join(setting(key, value) for key, value in settings)


def conf(*sections: str) -> str:
    """Write a whole file: the header, and the sections with a blank line before each."""
    return "\n".join((HEADER, *sections))
