"""Attacks through Asterisk's manager port: events that a caller writes, and more callers than there can be."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from threading import Thread

BATCH = 200  # events in one write

_LISTS = {
    name: f"Event: {end}\r\nEventList: Complete\r\nListItems: 0\r\n"
    for name, end in (
        ("CoreShowChannels", "CoreShowChannelsComplete"),
        ("PJSIPShowEndpoints", "EndpointListComplete"),
        ("PJSIPShowRegistrationsOutbound", "OutboundRegistrationDetailComplete"),
    )
}
_REFUSED = {"Getvar": "No such channel", "AGI": "Channel x does not exist.", "Hangup": "No such channel"}


def answer(connection: socket.socket, action: dict[str, str]) -> None:
    """Answer an action as an Asterisk without channels does."""
    name, own = action.get("Action", ""), f"ActionID: {action.get('ActionID', '')}\r\n"
    refusal = _REFUSED.get(name)
    result = f"Response: Error\r\nMessage: {refusal}\r\n" if refusal else "Response: Success\r\nChallenge: 1\r\n"
    text = result + own + "\r\n"
    if name == "Login":
        text += "Event: FullyBooted\r\n\r\n"
    if name in _LISTS:
        text += _LISTS[name] + own + "\r\n"
    connection.sendall(text.encode())


def serve(connection: socket.socket, ready: list[bool]) -> None:
    """Answer all actions; note when the list of channels was given, for then the link is up."""
    buffer = b""
    with suppress(OSError):
        while data := connection.recv(65536):
            *blocks, buffer = (buffer + data).split(b"\r\n\r\n")
            for block in blocks:
                lines = (line.partition(": ") for line in block.decode().split("\r\n"))
                action = {key: value for key, _, value in lines}
                answer(connection, action)
                if action.get("Action") == "CoreShowChannels":
                    ready.append(True)


def channel(number: int) -> str:
    """Write the headers of a channel."""
    return (
        "Privilege: call,all\r\nSystemName: evil\r\nChannel: PJSIP/lab-1\r\nChannelState: 4\r\n"
        "ChannelStateDesc: Ring\r\n"
        f"CallerIDNum: +9198{number:08d}\r\nCallerIDName: <unknown>\r\nConnectedLineNum: <unknown>\r\n"
        "ConnectedLineName: <unknown>\r\nLanguage: en\r\nAccountCode: \r\nContext: exoswitch-waiting\r\n"
    )


def arrival(number: int, callee: str) -> str:
    """Write the arrival of a call."""
    own = f"Exten: {callee}\r\nPriority: 2\r\nUniqueid: evil-1.{number}\r\nLinkedid: evil-1.{number}\r\n"
    return f"Event: AsyncAGIStart\r\n{channel(number)}{own}Env: agi_request%3A%20async%0A\r\n\r\n"


def hang_up(number: int) -> str:
    """Write the end of a call that nobody knows."""
    own = f"Exten: 1\r\nPriority: 2\r\nUniqueid: evil-1.{number}\r\nLinkedid: evil-1.{number}\r\n"
    return f"Event: Hangup\r\n{channel(number)}{own}Cause: 16\r\nCause-txt: Normal Clearing\r\n\r\n"


def stranger(number: int) -> str:
    """Write the refusal of a SIP request from an address of no trunk."""
    return (
        "Event: InvalidAccountID\r\nPrivilege: security,all\r\nEventTV: 2026-11-26T10:00:00.000+0000\r\n"
        f"Severity: Error\r\nService: PJSIP\r\nEventVersion: 1\r\nAccountID: +9198{number:08d}\r\n"
        f"SessionID: {number:032x}\r\nLocalAddress: IPV4/UDP/10.9.0.1/5060\r\n"
        f"RemoteAddress: IPV4/UDP/198.51.100.{number % 256}/5060\r\n\r\n"
    )


def registration(number: int) -> str:
    """Write an attempt to register with a carrier."""
    return (
        "Event: Registry\r\nPrivilege: system,all\r\nChannelType: PJSIP\r\n"
        f"Username: sip:+9140{number:08d}@ims.example\r\nDomain: sip:ims.example\r\nStatus: Rejected\r\n\r\n"
    )


def batches(event: Callable[[int], str]) -> Iterator[bytes]:
    """Give bytes of many events."""
    for first in count(0, BATCH):
        yield "".join(event(number) for number in range(first, first + BATCH)).encode()


MANAGER: dict[str, Callable[[int], str]] = {
    "arrivals at numbers of nobody": partial(arrival, callee="+918000000000"),
    "arrivals at a number of an account": partial(arrival, callee="+918047491800"),
    "hang-ups of unknown channels": hang_up,
    "SIP requests of strangers": stranger,
    "attempts to register": registration,
}


def as_asterisk(name: str, port: int, seconds: float) -> None:
    """Take the gateway's login, then send events as fast as they are read."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        print("listening", flush=True)
        connection, _ = listener.accept()
        with suppress(OSError), connection:
            connection.sendall(b"Asterisk Call Manager/11.0.0\r\n")
            ready: list[bool] = []
            Thread(target=serve, args=(connection, ready), daemon=True).start()
            while not ready:
                time.sleep(0.01)
            time.sleep(0.5)
            print("attacking", flush=True)
            until = time.monotonic() + seconds
            sent = 0
            for batch in batches(MANAGER[name]):
                if time.monotonic() > until:
                    break
                connection.sendall(batch)
                sent += BATCH
            time.sleep(2.0)
