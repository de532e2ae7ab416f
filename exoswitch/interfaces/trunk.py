"""Port: a SIP trunk."""

from zope.interface import Interface


class ITrunk(Interface):
    """A SIP trunk: its dial strings, and its sections of Asterisk's configuration."""

    def dial_string(number: str) -> str:
        """Give the channel that dials this number on the trunk, e.g. ``PJSIP/098…@lab``."""

    def pjsip() -> str:
        """Give the trunk's sections of pjsip.conf."""
