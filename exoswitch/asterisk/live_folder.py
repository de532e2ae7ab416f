"""Adapter: the live folder of an Asterisk: what is in it, how it differs, and its replacement and return."""

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from exoswitch.asterisk.difference import difference
from exoswitch.asterisk.folder import read, write
from exoswitch.asterisk.servers import SYSTEM


@frozen
class LiveFolder:
    """A live folder as it was `before`, and as it is `rendered`: without `system/`, if the folder has none."""

    folder: Path
    before: Mapping[str, str]
    rendered: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path, files: Mapping[str, str]) -> "LiveFolder":
        """Read the folder.

        Raises:
            InvalidValue: it cannot be read.
        """
        has_system = (folder / SYSTEM).is_dir()
        wanted = {name: text for name, text in files.items() if has_system or not name.startswith(SYSTEM)}
        return cls(folder, read(folder, wanted), wanted)

    @property
    def difference(self) -> str:
        """How it differs: a unified diff without secrets; empty if it does not."""
        return difference(self.before, self.rendered)

    def write(self) -> None:
        """Write the files that differ.

        Raises:
            OSError: one cannot be written.
        """
        write(self.folder, {name: text for name, text in self.rendered.items() if self.before.get(name) != text})

    def restore(self) -> None:
        """Write the former files back, and remove those that were not there.

        Raises:
            OSError: one cannot be written.
        """
        write(self.folder, {name: text for name, text in self.before.items() if self.rendered[name] != text})
        for name in self.rendered.keys() - self.before.keys():
            (self.folder / name).unlink(missing_ok=True)
