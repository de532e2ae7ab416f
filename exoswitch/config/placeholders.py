"""Port: ``${NAME}`` and ``${file:PATH}``: values from outside the configuration file, such as secrets."""

import re
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from exoswitch.config.kinds import Unreadable

_REFERENCE = re.compile(r"\$(\$\{)|\$\{([^}]*)(\}?)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_FILE = "file:"


@frozen
class Surroundings:
    """The sources of placeholders: the environment, and files; relative paths start at `folder`."""

    environ: Mapping[str, str]
    folder: Path

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
            try:
                path.open("rb").close()
            except OSError as error:
                raise Unreadable(f"the file {path} cannot be read: {error.strerror}") from None
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
        try:
            return path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except OSError as error:
            raise Unreadable(f"the file {path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise Unreadable(f"the file {path} is not UTF-8 text") from None
