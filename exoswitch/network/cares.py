"""Adapter: c-ares, a resolver that answers many questions at the same time in one thread of its own.

It reads ``/etc/hosts``, ``/etc/resolv.conf`` (with ``search`` and ``ndots``) and the order in ``/etc/nsswitch.conf``,
and follows changes of these files. Other modules of nsswitch (mDNS, LDAP) are not asked.
"""

import socket
from collections.abc import Sequence
from typing import Any

import pycares
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from exoswitch.errors import BackendUnavailable
from exoswitch.network.lookup_cache import Answer

TIMEOUT_S = 2.0
TRIES = 2
"""The first wait for each server, and the rounds through all servers; each round waits longer."""

FORGET_AFTER = 2000
"""The questions after which c-ares forgets all answers: it keeps each for its time to live, and each takes 2 kB."""

_NO_SUCH_HOST = {pycares.errno.ARES_ENOTFOUND, pycares.errno.ARES_ENODATA, pycares.errno.ARES_EBADNAME}


@define(eq=False)
class CaresResolver:
    """Asks the system's servers, or these; its thread starts with the first question, since twistd forks before."""

    _reactor: Any  # IReactorFromThreads
    _servers: Sequence[str] = ()
    _channel: pycares.Channel | None = field(default=None, init=False)
    _asked: int = field(default=0, init=False)

    def ask(self, name: str) -> Deferred[Answer]:
        """Ask for the addresses of a name; an answer without addresses says that there is no such host.

        Raises:
            BackendUnavailable: no server answered, or a server failed.
        """
        if self._channel is None:
            self._channel = pycares.Channel(timeout=TIMEOUT_S, tries=TRIES, servers=self._servers)
        self._asked += 1
        if self._asked % FORGET_AFTER == 0:
            self._channel.reinit()
        answer: Deferred[Answer] = Deferred()

        def answered(result: Any, problem: int | None) -> None:  # in the thread of c-ares
            self._reactor.callFromThread(_fire, answer, result, problem)

        self._channel.getaddrinfo(name, None, type=socket.SOCK_STREAM, callback=answered)
        return answer

    def close(self) -> None:
        """End all questions; they fail."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None


def _fire(answer: Deferred[Answer], result: Any, problem: int | None) -> None:
    if problem in _NO_SUCH_HOST:
        answer.callback(Answer(()))
    elif problem is not None:
        reason = BackendUnavailable(f"DNS: {pycares.errno.strerror(problem)!s}")
        answer.errback(Failure(reason))
    else:
        addresses = tuple(dict.fromkeys(node.addr[0].decode("ascii") for node in result.nodes))
        answer.callback(Answer(addresses, float(min((node.ttl for node in result.nodes), default=0))))
