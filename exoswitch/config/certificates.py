"""Port: the certificates that a configuration names."""

import ssl

from exoswitch.config.kinds import Unreadable


def check_certificates(path: str) -> None:
    """See that a file holds certificates to trust, in PEM.

    Raises:
        Unreadable: it does not; the text says why.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise Unreadable("it holds no certificate in PEM, or one that is damaged") from None
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}") from None
