"""Core: the Q.850 cause and the DialStatus that Asterisk 22.10 makes of a trunk's SIP answer.

Its causes are those of chan_pjsip's `hangup_sip2cause`, its DialStatus that of `ast_hangup_cause_to_dial_status`. A
Reason header of the answer changes neither (measured on 22.10).
"""

_CAUSES = {
    **dict.fromkeys((401, 403, 407, 603), 21),
    **dict.fromkeys((404, 485, 604), 1),
    **dict.fromkeys((480, 483), 19),
    **dict.fromkeys((486, 600), 17),
    **dict.fromkeys((488, 606), 58),
    302: 23,
    405: 111,
    406: 58,
    408: 18,
    409: 41,
    410: 22,
    411: 127,
    413: 127,
    414: 127,
    415: 79,
    420: 127,
    484: 28,
    487: 127,
    500: 38,
    501: 29,
    502: 27,
    504: 102,
}
_INTERWORKING, _CONGESTION = 127, 34
_REDIRECTED = 23
_DIAL_STATUSES = {17: "BUSY", _CONGESTION: "CONGESTION", _REDIRECTED: "CANCEL"}


def cause_of(sip_status: int) -> int:
    """Give the Q.850 cause."""
    return _CAUSES.get(sip_status, _CONGESTION if 500 <= sip_status < 600 else _INTERWORKING)


def dial_status_of(cause: int) -> str:
    """Give the DialStatus of DialEnd."""
    return _DIAL_STATUSES.get(cause, "NOANSWER")
