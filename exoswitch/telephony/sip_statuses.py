"""Core: the final answers of SIP to a call (RFC 3261 §21 and later RFCs), worded for an operator."""

_TEXTS = {
    401: "the trunk refuses our user name or password",
    402: "the trunk wants a payment",
    403: "the trunk forbids the call: check its account, the number shown and its list of addresses",
    404: "the number is not in use",
    407: "the trunk refuses our user name or password",
    408: "no answer in time",
    410: "the number is no longer in use",
    415: "no codec fits",
    416: "the number is not written as the trunk wants it",
    420: "a SIP extension is missing",
    421: "a SIP extension is missing",
    480: "the phone cannot be reached now",
    484: "the number is incomplete or badly written",
    485: "the number is ambiguous",
    486: "the phone is busy",
    487: "the call was ended before it was answered",
    488: "no codec fits, or encryption differs",
    500: "an error at the trunk",
    501: "the trunk cannot carry such a call",
    502: "the trunk's next network failed",
    503: "the trunk has no free line, or too many calls",
    504: "the trunk's next network did not answer in time",
    600: "the phone is busy",
    603: "the call was declined",
    604: "the number exists nowhere",
    606: "no codec fits",
    607: "the called person does not want the call",
    608: "the call was rejected by a filter",
}
_CLASSES = {
    3: "redirected, which is not followed",
    4: "refused",
    5: "an error at the trunk",
    6: "refused everywhere",
}

FINAL_ANSWERS = tuple(_TEXTS)
"""The final answers that have a text."""


def sip_text(status: int) -> str:
    """Describe a final answer: ``the phone is busy (SIP 486)``."""
    return f"{_TEXTS.get(status) or _CLASSES.get(status // 100, 'an unknown answer')} (SIP {status})"
