"""Core: the difference between a live folder and what is rendered now, as a unified diff without secrets."""

import difflib
import re
from collections.abc import Iterator, Mapping
from itertools import count

# The settings of manager.conf and pjsip.conf that hold secrets (Asterisk 22), also in comments.
_SECRET = re.compile(r"^([;\s]*(?:secret|password|md5_cred|password_digest)\s*=>?\s*)(.*?)\s*$", re.IGNORECASE)

_LINE = re.compile(r"[^\n]*\n|[^\n]+")  # as Asterisk splits: at other ends, a secret would come in two parts


def difference(live: Mapping[str, str], rendered: Mapping[str, str]) -> str:
    """Give the diff from the live files to the rendered ones; it is empty if they are the same.

    Secrets become ``(secret 1)``, ``(secret 2)`` …: the same number stands for the same secret. Live files that are
    not rendered are the operator's own, and are not shown.
    """
    hide = _Hidden()
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for name in sorted(rendered)
        for line in _of_file(name, hide(live.get(name, "")), hide(rendered[name]))
    )


def _shown(line: str) -> str:
    """Give a line without what a terminal obeys or cannot show, such as bytes that are no UTF-8."""
    return "".join(sign if sign.isprintable() or sign in "\t\n" else "\N{REPLACEMENT CHARACTER}" for sign in line)


def _of_file(name: str, live: list[str], rendered: list[str]) -> Iterator[str]:
    yield from difflib.unified_diff(live, rendered, f"live/{name}" if live else "/dev/null", f"rendered/{name}")


class _Hidden:
    """Replaces secrets in texts by numbers."""

    def __init__(self) -> None:
        self._count = count(1)
        self._numbers: dict[str, int] = {}

    def __call__(self, text: str) -> list[str]:
        return [self._line(_shown(line)) for line in _LINE.findall(text)]

    def _line(self, line: str) -> str:
        secret = _SECRET.match(line)
        if secret is None:
            return line
        number = self._numbers.get(secret[2]) or self._numbers.setdefault(secret[2], next(self._count))
        return f"{secret[1]}(secret {number})\n"
