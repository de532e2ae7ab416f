"""An `async def` at the border to Deferreds."""

from twisted.internet.defer import Deferred

from exoswitch.tasks.deferred import deferred


class Doubler:
    factor = 2

    @deferred
    async def double(self, number: Deferred[int], *, plus: int = 0) -> int:
        """Double it."""
        return self.factor * await number + plus


def test_method_starts_at_once_and_gives_a_deferred():
    number: Deferred[int] = Deferred()
    results: list[int] = []
    doubled = Doubler().double(number, plus=1)
    doubled.addCallback(results.append)
    assert results == []
    number.callback(20)
    assert results == [41]


def test_exception_is_the_deferreds_failure():
    number: Deferred[int] = Deferred()
    doubled = Doubler().double(number)
    number.errback(ValueError("odd"))
    problems: list[str] = []
    doubled.addErrback(lambda failure: problems.append(failure.getErrorMessage()))
    assert problems == ["odd"]


def test_method_keeps_its_name_and_its_docstring():
    assert Doubler.double.__name__ == "double"
    assert Doubler.double.__doc__ == "Double it."
