"""Core: which traces are deleted to make room for an account: those of the account that has the most.

An account deletes its own traces, or traces of an account that has more. So a flood of calls of one account deletes
none of another account's traces, as long as that one has less.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen


@frozen
class StoredTrace:
    """One file; `is_live` if it is still written."""

    path: Path
    account: str
    size: int
    is_live: bool = False


def to_delete(traces: Sequence[StoredTrace], account: str, excess: int) -> Iterator[StoredTrace]:
    """Give the traces to delete, until `excess` bytes are free or no more may be deleted.

    `traces` are in the order of their age, the oldest first. A live trace of the account itself is not deleted. A
    live trace of an account that has more is.
    """
    totals: Counter[str] = Counter()
    held: dict[str, deque[StoredTrace]] = defaultdict(deque)
    for trace in traces:
        totals[trace.account] += trace.size
        if not (trace.is_live and trace.account == account):
            held[trace.account].append(trace)
    while excess > 0:
        having = [name for name, its in held.items() if its and (name == account or totals[name] > totals[account])]
        if not having:
            return
        largest = max(having, key=lambda name: totals[name])
        trace = held[largest].popleft()
        totals[largest] -= trace.size
        excess -= trace.size
        yield trace
