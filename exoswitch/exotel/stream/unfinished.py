"""Core: the room that unfinished long messages take, over all connections."""

from typing import Generic, TypeVar

from attrs import define, field

Owner = TypeVar("Owner")

_FREE_BYTES = 64 * 1024  # of each connection, without regard to the others
_ALL_BYTES = 12 * 1024 * 1024  # growing buffers take up to an eighth more


@define(eq=False)
class Unfinished(Generic[Owner]):
    """Counts the bytes of unfinished messages longer than 64 KiB, and finds the one to give up.

    That is the longest. A message of 100 kB, which is Exotel's longest, is never given up while others are longer,
    however slowly it arrives.
    """

    all_bytes: int = field(default=0, init=False)
    _sizes: dict[Owner, int] = field(factory=dict, init=False)

    def note(self, owner: Owner, size: int) -> Owner | None:
        """Note how many bytes an owner holds now; give the owner of the longest message if all hold too many."""
        if size <= _FREE_BYTES:
            if self._sizes:
                self.all_bytes -= self._sizes.pop(owner, 0)
            return None
        self.all_bytes += size - self._sizes.get(owner, 0)
        self._sizes[owner] = size
        return max(self._sizes, key=self._sizes.__getitem__) if self.all_bytes > _ALL_BYTES else None
