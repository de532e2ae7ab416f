"""Port: ``${NAME}`` and ``${file:PATH}`` in the configuration, which keep secrets out of it."""

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
    """Where placeholders get their values: the environment, and files, whose paths are relative to `folder`."""

    environ: Mapping[str, str]
    folder: Path

    def fill_in(self, text: str) -> str:
        """Replace every placeholder of a text; ``$${`` stands for ``${`` itself, and any other ``$`` for itself.

        Raises:
            Unreadable: a variable is not set, a file cannot be read, or a placeholder is malformed.
        """
        return _REFERENCE.sub(self._replacement, text)

    def locate(self, name: str, *, is_file: bool) -> str:
        """Give the path of a file or folder that the configuration names; relative ones begin in `folder`.

        Raises:
            Unreadable: it is a file, and cannot be read.
        """
        path = self.folder / name
        if is_file:
            try:
                path.open("rb").close()
            except OSError as error:
                raise Unreadable(f"names the file {path}, which cannot be read: {error.strerror}") from None
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
            raise Unreadable(f"needs the environment variable {variable}, which is not set") from None

    def _content(self, name: str) -> str:
        path = self.folder / name
        try:
            return path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except OSError as error:
            raise Unreadable(f"needs the file {path}, which cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise Unreadable(f"needs the file {path}, which is not UTF-8 text") from None
