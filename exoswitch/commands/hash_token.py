"""Root: `exoswitch hash-token`: the hash of an account's token, for the configuration file."""

import argparse
import secrets
import sys
from getpass import getpass

from exoswitch.credentials.token_hash import SALT_BYTES, TokenHash
from exoswitch.errors import InvalidValue

_QUESTION = "the token of the account: "


def run(_options: argparse.Namespace) -> int:
    """Ask for a token, or read the first line of the input, and print its hash.

    Raises:
        InvalidValue: it is not a line of printable characters.
    """
    token = getpass(_QUESTION) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not token or not token.isprintable():
        raise InvalidValue("the token must be one line without control characters, and not empty")
    print(TokenHash.of(token.encode(), secrets.token_bytes(SALT_BYTES)))
    return 0
