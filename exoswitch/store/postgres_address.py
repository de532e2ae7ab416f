"""Core: the address of a PostgreSQL database, in libpq's form: its name for the log, and its secrets.

``postgresql://USER:PASSWORD@HOST:PORT/NAME``: libpq takes the first ``@`` as the end of the password. If a password
holds one that is not written as ``%40``, libpq takes the rest of it as the host, and puts it into its messages.
"""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

_SECRET_KEYS = ("password", "passfile", "sslpassword")
_SHORTEST_SECRET = 3


def database_name(address: str) -> str:
    """Name a database without secrets."""
    if has_stray_at(address):
        return "PostgreSQL database"
    parts = urlsplit(address)
    return f"PostgreSQL database {parts.path.lstrip('/')} at {parts.hostname}"


def has_stray_at(address: str) -> bool:
    """Whether an ``@`` or a ``/`` in the password is not percent-encoded."""
    _, _, rest = address.partition("://")
    authority, _, path = rest.partition("?")[0].partition("/")
    return authority.count("@") > 1 or "@" in path


def without_secrets(message: str, address: str) -> str:
    """Give a message of libpq without the parts of the address's password."""
    for secret in sorted(_secrets(address), key=len, reverse=True):
        message = message.replace(secret, "***")
    return message


def _secrets(address: str) -> set[str]:
    _, _, rest = address.partition("://")
    _, _, password = rest.rpartition("@")[0].partition(":")
    values = [value for key, value in parse_qsl(rest.partition("?")[2]) if key in _SECRET_KEYS]
    parts = [password, *re.split("[@/:?#]", password), *values]
    return {form for part in parts for form in (part, unquote(part)) if len(form) >= _SHORTEST_SECRET}
