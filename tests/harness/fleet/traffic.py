"""Background traffic: short calls at a fixed rate, at each gateway in turn."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from attrs import define, field

from tests.harness.fleet.gateway import Answer

MOST_REQUESTS = 64


@define(eq=False)
class Traffic:
    """A context manager: inside it a call is requested every `every_s`; on exit every answer has come."""

    _place: Callable[[int], Answer]
    every_s: float = 0.1
    _answers: "list[Future[Answer]]" = field(init=False, factory=list)
    _is_over: threading.Event = field(init=False, factory=threading.Event)
    _requests: ThreadPoolExecutor = field(init=False)
    _dialler: threading.Thread = field(init=False)

    def __enter__(self) -> Self:
        self._requests = ThreadPoolExecutor(MOST_REQUESTS)
        self._dialler = threading.Thread(target=self._dial, name="traffic", daemon=True)
        self._dialler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._dialler.join()
        self._requests.shutdown()

    def _dial(self) -> None:
        while not self._is_over.wait(self.every_s):
            self._answers.append(self._requests.submit(self._place, len(self._answers)))

    @property
    def answers(self) -> list[Answer]:
        """Every answer, in the order of the requests."""
        return [answer.result() for answer in self._answers]

    @property
    def accepted(self) -> list[str]:
        """The calls that were accepted."""
        return [answer.call_sid for answer in self.answers if answer.status == 200]

    @property
    def statuses(self) -> Counter[int]:
        """The number of answers of each HTTP status."""
        return Counter(answer.status for answer in self.answers)
