"""Core: every error that exoswitch raises, each written for the operator who will read it."""

import errno

from attrs import frozen

NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Why a socket cannot be had now: the process or the kernel has no room for it."""


class ExoswitchError(Exception):
    """Anything that exoswitch itself found wrong; the parent of every error here."""


@frozen
class Problem:
    """One thing that is wrong in a configuration file: where it is, and what to do about it."""

    path: str
    text: str

    def __str__(self) -> str:
        """Give the problem as one line: ``trunks[0].port: …``; what cannot be printed is escaped."""
        line = f"{self.path}: {self.text}"
        if line.isprintable():
            return line
        # A key of the file may hold a line feed or a terminal's control characters.
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


class ConfigError(ExoswitchError):
    """The configuration cannot be used; `problems` lists everything that is wrong with it at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class ProtocolError(ExoswitchError):
    """A conversation with another program broke its protocol; see which side in the two children."""


class LocalProtocolError(ProtocolError):
    """This side tried to send something that the protocol does not allow: a bug in the caller."""


class RemoteProtocolError(ProtocolError):
    """The other side sent something that its protocol does not allow."""


class CertificateRefused(RemoteProtocolError):
    """A server's TLS certificate is not trusted, or not valid for its host."""

    def __init__(self, why: str) -> None:
        super().__init__(f"certificate verify failed: {why}")


class TrunkError(ExoswitchError):
    """A call cannot be placed, bridged or taken over; the children say why."""


class ChannelGone(TrunkError):
    """Asterisk has no such channel: the call has ended, or its channel is not made yet."""


class TrunkRefused(TrunkError):
    """Asterisk refused a request, though the channel may be up; the text has Asterisk's words."""


class CallTaken(TrunkError):
    """Another gateway's name is on this call's channel: the call is that gateway's."""


class NoCapacity(ExoswitchError):
    """Every place for another call is taken: the gateway's or the Asterisk's capacity, or the RTP port range."""


class TrunksFull(NoCapacity):
    """No trunk has a channel and a turn for a call."""


class QuotaReached(NoCapacity):
    """A quota of concurrent calls in the whole fleet is used up; each account has one."""

    def __init__(self, quota: str, limit: int) -> None:
        super().__init__(f"{quota} has reached its limit of {limit} concurrent calls")
        self.quota = quota
        self.limit = limit


class CallNotFound(ExoswitchError):
    """No call with this SID is known to this account."""


class BackendUnavailable(ExoswitchError):
    """A server that exoswitch depends on (Asterisk, a store) cannot be reached or did not answer in time."""


class NotMadeYet(BackendUnavailable):
    """A store is not there yet, or holds no tables; a gateway makes it when it starts."""


class HostNotFound(ExoswitchError):
    """A host name has no address: it does not exist, or its form is wrong."""


class AddressRefused(ExoswitchError):
    """A host has no address that may be connected to: see `private_networks` in the configuration."""


class InvalidValue(ExoswitchError):
    """A text cannot be read as a number, a URL, a file or a word; the message says why, and names the remedy."""


class InvalidRequest(ExoswitchError):
    """A dialer's request cannot be done; the message names the parameter, its value and the remedy."""


class CannotStart(ExoswitchError):
    """A gateway cannot start: something that it needs is taken or forbidden.

    `problem` is a sentence without its full stop; `remedy` has one sentence or more, or none. The message is both.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem}. {remedy}" if remedy else problem)
        self.problem = problem
        self.remedy = remedy


class CorruptRecord(ExoswitchError):
    """A stored record cannot be read."""


class RecordRefused(ExoswitchError):
    """A database answers, but it cannot store one of the records; the others may be stored without it."""


class BenchmarkFailed(ExoswitchError):
    """A program of a benchmark failed, or did not answer in time; the text has its last words."""
