"""Port: ``${NAME}`` and ``${file:PATH}``: values from outside the configuration file, such as secrets."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import field, frozen

from exoswitch.config.files import open_regular, read_regular
from exoswitch.config.kinds import Unreadable

_REFERENCE = re.compile(r"\$(\$\{)|\$\{([^}]*)(\}?)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_FILE = "file:"

MAX_BYTES = 64 * 1024
"""Of a file with a secret."""


@frozen
class Surroundings:
    """The sources of placeholders: the environment, and files; relative paths start at `folder`.

    `files` are those whose content was used.
    """

    environ: Mapping[str, str]
    folder: Path
    files: set[Path] = field(factory=set, init=False)

    def fill_in(self, text: str) -> str:
        """Replace every placeholder of a text; ``$${`` becomes ``${``, and any other ``$`` stays.

        Raises:
            Unreadable: a variable is not set, a file cannot be read, or a placeholder is malformed.
        """
        return _REFERENCE.sub(self._replacement, text)

    def locate(self, name: str, *, is_file: bool) -> str:
        """Give the path of a file or folder; a relative one starts at `folder`.

        Raises:
            Unreadable: the file cannot be read.
        """
        path = self.folder / name
        if is_file:
            with _naming(path):
                open_regular(path).close()
        return str(path)

    def _replacement(self, match: re.Match[str]) -> str:
        escaped, reference, closed = match[1], match[2], match[3]
        if escaped:
            return "${"
        if closed and reference.startswith(_FILE):
            return self._content(reference.removeprefix(_FILE))
        if closed and _VARIABLE.fullmatch(reference):
            return self._variable(reference)
        raise Unreadable("has a malformed placeholder: write ${NAME} or ${file:PATH}, and $${ for a plain ${")

    def _variable(self, variable: str) -> str:
        try:
            return self.environ[variable]
        except KeyError:
            raise Unreadable(f"the environment variable {variable} is not set; set it") from None

    def _content(self, name: str) -> str:
        path = self.folder / name
        with _naming(path):
            data = read_regular(path, MAX_BYTES)
        self.files.add(path)
        try:
            return data.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise Unreadable(f"the file {path} is not UTF-8 text") from None


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in the text of an error."""
    try:
        yield
    except Unreadable as error:
        raise Unreadable(f"the file {path} {error}") from None
