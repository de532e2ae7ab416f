"""Port: a SIP trunk."""

from zope.interface import Attribute, Interface


class ITrunk(Interface):
    """A SIP trunk: its dial strings, and its sections of Asterisk's configuration."""

    address = Attribute("Where Asterisk reaches it, for an operator: HOST:PORT (str).")

    def dial_string(number: str) -> str:
        """Give the channel that dials this number on the trunk, e.g. ``PJSIP/098…@lab``."""

    def pjsip() -> str:
        """Give the trunk's sections of pjsip.conf."""
