"""What lets `twistd` offer `exoswitch`: named by string, so that `twistd --help` does not import the program."""

from twisted.application.service import ServiceMaker

exoswitch = ServiceMaker(
    "exoswitch",
    "exoswitch.tap",
    "A gateway between Asterisk and voice bots that speak Exotel's protocol.",
    "exoswitch",
)
