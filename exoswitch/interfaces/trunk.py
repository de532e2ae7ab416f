"""Port: a SIP trunk."""

from zope.interface import Attribute, Interface


class ITrunk(Interface):
    """A SIP trunk: how to dial a number on it, and what Asterisk must be told of it."""

    name = Attribute("The trunk's name in the configuration; also its PJSIP endpoint.")
    channels = Attribute("How many calls it carries at once (int).")

    def dial_string(number: str) -> str:
        """Give the channel that dials this number on the trunk, e.g. ``PJSIP/098…@lab``."""

    def pjsip() -> str:
        """Give the trunk's sections of pjsip.conf, ready to be written."""
