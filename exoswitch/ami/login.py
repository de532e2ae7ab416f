"""Core: the words of an AMI login: by MD5 challenge where Asterisk offers one, else with the secret itself."""

import hashlib

from exoswitch.ami.message import AmiMessage


def challenge() -> AmiMessage:
    """Ask for a challenge, so that the secret need not cross the wire."""
    return AmiMessage.action("Challenge", ("AuthType", "MD5"))


def answer(username: str, secret: str, challenged: AmiMessage) -> AmiMessage:
    """Log in with the response to `challenge`; with the bare secret where Asterisk refused to give one."""
    dare = challenged.get("Challenge")
    if not challenged.succeeded or not dare:
        return AmiMessage.action("Login", ("Username", username), ("Secret", secret))
    key = hashlib.md5((dare + secret).encode(), usedforsecurity=False).hexdigest()  # the protocol knows no other
    return AmiMessage.action("Login", ("AuthType", "MD5"), ("Username", username), ("Key", key))
