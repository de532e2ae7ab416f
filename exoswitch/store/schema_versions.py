"""Adapter: versions of a database's schema: files such as ``0001_sessions.sql``, applied in order, never changed.

The folder ``schema`` beside this file has one folder for each kind of database.
"""

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Literal

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
        """The statements one by one. Each ends with a semicolon at the end of a line; no other line ends with one."""
        lines = [line.partition("--")[0].rstrip() for line in self.text.splitlines()]
        return [part.strip() for part in re.split(r";\n", "\n".join(lines) + "\n") if part.strip()]


def read_schema(dialect: Literal["sqlite", "postgres"]) -> tuple[Version, ...]:
    """Read all versions of the schema for this kind of database."""
    folder = files("exoswitch.store") / "schema" / dialect
    return in_order({file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.is_file()})


def in_order(texts: Mapping[str, str]) -> tuple[Version, ...]:
    """Order the versions, given the texts of files by their names.

    Raises:
        ValueError: a file's name has another form, or the numbers are not 1, 2, 3 and so on.
    """
    versions: list[Version] = []
    for file_name, text in sorted(texts.items()):
        match = _FILE_NAME.fullmatch(file_name)
        if match is None or int(match[1]) != len(versions) + 1:
            raise ValueError(f"{file_name} is not named NNNN_name.sql, with the number after {len(versions)}")
        versions.append(Version(int(match[1]), match[2], text))
    return tuple(versions)


def due(versions: Sequence[Version], current: int) -> Sequence[Version]:
    """Give the versions that a database of version `current` lacks; an empty database has version 0.

    Raises:
        BackendUnavailable: the database has a version that this exoswitch does not know.
    """
    if current > len(versions):
        raise BackendUnavailable(
            f"the database's schema has version {current}, and this exoswitch knows versions up to {len(versions)}: "
            "a newer exoswitch upgraded it; install that one"
        )
    return versions[current:]
