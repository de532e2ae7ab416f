"""Core: the address of a Redis, read from ``redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]``."""

import re
from urllib.parse import unquote

from attrs import field, frozen

from exoswitch.errors import InvalidValue

_URL = re.compile(
    r"redis://(?:(?P<user>[^:@/]*):(?P<password>[^@/]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?(?:/(?P<database>[0-9]{0,4}))?",
    re.ASCII,
)
_PORT_MAX = 65535


@frozen(kw_only=True)
class RedisAddress:
    """One database of one Redis, and its credentials."""

    host: str
    port: int = 6379
    database: int = 0
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Name the server and the database, without the password."""
        return f"{self.host}:{self.port}/{self.database}"


def parse_redis_url(text: str) -> RedisAddress:
    """Read a URL.

    Raises:
        InvalidValue: the URL cannot be used; the message does not repeat it, since it may hold a password.
    """
    if text.startswith("rediss://"):
        raise InvalidValue("Redis over TLS is not supported: use redis:// on a private link or through a tunnel")
    match = _URL.fullmatch(text)
    if not match or not 0 < int(match["port"] or 6379) <= _PORT_MAX:
        raise InvalidValue("must be written as redis://:PASSWORD@HOST:PORT/DATABASE, where only HOST is needed")
    return RedisAddress(
        host=match["host"].strip("[]"),
        port=int(match["port"] or 6379),
        database=int(match["database"] or 0),
        user=unquote(match["user"] or ""),
        password=unquote(match["password"] or ""),
    )
