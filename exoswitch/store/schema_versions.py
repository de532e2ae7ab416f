"""Core: the versions of a database's schema: files such as ``0001_sessions.sql``, applied in order, never changed."""

import re
from collections.abc import Mapping, Sequence

from attrs import frozen

from exoswitch.errors import BackendUnavailable

_FILE_NAME = re.compile(r"([0-9]{4})_([a-z_]+)\.sql", re.ASCII)


@frozen
class Version:
    """One step from an older schema to a newer one."""

    number: int
    name: str
    text: str

    @property
    def statements(self) -> list[str]:
        """Give the statements one by one; each ends with a semicolon at the end of a line, and nothing else does."""
        lines = [line.partition("--")[0].rstrip() for line in self.text.splitlines()]
        return [part.strip() for part in re.split(r";\n", "\n".join(lines) + "\n") if part.strip()]


def in_order(files: Mapping[str, str]) -> tuple[Version, ...]:
    """Order the versions, given the texts of files by their names.

    Raises:
        ValueError: a file has another kind of name, or the numbers are not 1, 2, 3 and so on.
    """
    versions: list[Version] = []
    for file_name, text in sorted(files.items()):
        match = _FILE_NAME.fullmatch(file_name)
        if match is None or int(match[1]) != len(versions) + 1:
            raise ValueError(f"{file_name} is not named NNNN_name.sql, with the number after {len(versions)}")
        versions.append(Version(int(match[1]), match[2], text))
    return tuple(versions)


def due(versions: Sequence[Version], current: int) -> Sequence[Version]:
    """Give what has to be applied to a database of this version; 0 is an empty one.

    Raises:
        BackendUnavailable: the database is of a version that is yet unknown here.
    """
    if current > len(versions):
        raise BackendUnavailable(
            f"the database's schema has version {current}, and this exoswitch knows it up to {len(versions)}: "
            "a newer one has been here; install that"
        )
    return versions[current:]
