"""Adapter: the schemas that are installed with this package, one folder of versions for each kind of database."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

from exoswitch.store.schema_versions import Version, in_order


def read_schema(dialect: Literal["sqlite", "postgres"]) -> tuple[Version, ...]:
    """Read all versions of the schema for this kind of database."""
    return read_versions(files("exoswitch.store") / "schema" / dialect)


def read_versions(folder: Traversable) -> tuple[Version, ...]:
    """Read all versions in a folder."""
    return in_order({file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.is_file()})
