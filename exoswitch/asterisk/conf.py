"""Core: the syntax of Asterisk's .conf files (res_config's parser, Asterisk 22)."""

from collections.abc import Iterable

HEADER = "; Written by `exoswitch render-asterisk`. Do not edit: change exoswitch.yaml and render again.\n"

Setting = tuple[str, object]


def section(name: str, settings: Iterable[Setting] = ()) -> str:
    r"""Write ``[name]`` and its settings, in order.

    A ``;`` in a value becomes ``\;``, otherwise it starts a comment. An empty value still needs the equals sign.
    """
    values = ((key, str(value).replace(";", "\\;")) for key, value in settings)
    return f"[{name}]\n" + "".join(f"{key} = {value}".rstrip() + "\n" for key, value in values)


def conf(*sections: str) -> str:
    """Write a whole file: the header, and the sections with a blank line before each."""
    return "\n".join((HEADER, *sections))
