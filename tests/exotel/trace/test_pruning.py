"""Which traces are deleted to make room."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from exoswitch.exotel.trace.pruning import StoredTrace, to_delete

traces = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50), st.booleans()), max_size=30).map(
    lambda rows: [StoredTrace(Path(str(n)), *row) for n, row in enumerate(rows)]
)


def total(traces, account):
    return sum(trace.size for trace in traces if trace.account == account)


def test_oldest_traces_of_the_account_with_the_most_go_first():
    stored = [StoredTrace(Path(name), name[0], 10) for name in ("b1", "a1", "a2", "a3")]
    assert [trace.path.name for trace in to_delete(stored, "b", 15)] == ["a1", "a2"]


def test_own_live_trace_stays_and_that_of_a_larger_account_goes():
    stored = [StoredTrace(Path("a1"), "a", 30, is_live=True), StoredTrace(Path("b1"), "b", 10)]
    assert list(to_delete(stored, "b", 5)) == stored[:1]
    assert list(to_delete(stored, "a", 5)) == []


@given(traces, st.sampled_from("abcd"), st.integers(0, 500))
def test_no_account_loses_a_trace_to_one_that_has_more(stored, account, excess):
    deleted = list(to_delete(stored, account, excess))
    left = [trace for trace in stored if trace not in deleted]
    for other in {trace.account for trace in deleted} - {account}:
        largest = max(trace.size for trace in deleted if trace.account == other)
        assert total(left, other) + largest >= total(left, account)
    assert not any(trace.is_live for trace in deleted if trace.account == account)


@given(traces, st.sampled_from("abcd"))
def test_own_complete_traces_make_room(stored, account):
    own = sum(trace.size for trace in stored if trace.account == account and not trace.is_live)
    assert sum(trace.size for trace in to_delete(stored, account, own)) >= own
