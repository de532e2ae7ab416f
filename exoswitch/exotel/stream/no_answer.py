"""Adapter: why an HTTP request got no answer that can be used, without words of the other side."""

from OpenSSL import SSL
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure

from exoswitch.errors import CertificateRefused, RemoteProtocolError


def why_no_answer(reason: Failure) -> str:
    """Give the cause of a failed request, one of those that Twisted's client lists."""
    if isinstance(reason.value, CertificateRefused | SSL.Error):
        return f"TLS failed: {reason.getErrorMessage()}"
    if isinstance(reason.value, RemoteProtocolError):
        return str(reason.value)
    if isinstance(reason.value, ConnectionDone | ConnectionLost):
        return "the connection was lost before its answer ended"
    return "its answer is not HTTP"
