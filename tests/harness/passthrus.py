"""Passthrus for tests of the gateway: a test answers them itself."""

from twisted.internet.defer import Deferred
from zope.interface import implementer

from exoswitch.interfaces.passthru import IPassthru


@implementer(IPassthru)
class Passthrus:
    """Keeps each question: the session, and the Deferred that the test fires; `all` has every session asked about."""

    def __init__(self):
        self.asked, self.all = [], []

    def ask(self, session):
        answer = Deferred()
        self.all.append(session)
        self.asked.append((session, answer))
        return answer

    def answer(self, status):
        """Answer the oldest question; give its session."""
        session, answer = self.asked.pop(0)
        if isinstance(status, Exception):
            answer.errback(status)
        else:
            answer.callback(status)
        return session
