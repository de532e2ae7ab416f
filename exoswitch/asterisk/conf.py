"""Core: the syntax of Asterisk's .conf files (res_config's parser, Asterisk 22)."""

from collections.abc import Iterable

# Told to whoever opens a rendered file to change it.
HEADER = "; Written by `exoswitch render-asterisk`: change exoswitch.yaml instead of this file.\n"

Setting = tuple[str, object]


def escaped(value: object) -> str:
    r"""Write a value so that a ``;`` in it does not begin a comment: ``\;``."""
    return str(value).replace(";", "\\;")


def setting(key: str, value: object) -> str:
    """Write ``key = value``; an empty value keeps the equals sign, which the parser insists on."""
    return f"{key} = {escaped(value)}".rstrip() + "\n"


def section(name: str, settings: Iterable[Setting] = ()) -> str:
    """Write ``[name]`` and its settings, in their order."""
    return f"[{name}]\n" + "".join(setting(key, value) for key, value in settings)


def conf(*sections: str) -> str:
    """Put sections together to a whole file, a blank line before each."""
    return "\n".join((HEADER, *sections))
