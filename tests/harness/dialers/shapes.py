"""What services with strict decoders read: of answers, of lists and of callbacks."""

from tests.harness.dialers.decoder import NULL, NUMBER, TEXT, Moment, OneOf

STATUSES = OneOf(("queued", "ringing", "in-progress", "completed", "failed", "busy", "no-answer", "canceled"))
DIRECTIONS = OneOf(("inbound", "outbound-dial", "outbound-api"))

NAMMA_YATRI_CALL = {
    "Call": {
        "Sid": TEXT,
        "DateCreated": TEXT,
        "DateUpdated": TEXT,
        "AccountSid": TEXT,
        "To": TEXT,
        "From": TEXT,
        "PhoneNumberSid": TEXT,
        "Status": STATUSES,
        "StartTime": TEXT,
        "EndTime": (TEXT, NULL),
        "Duration": (TEXT, NULL),
        "Price": (TEXT, NULL),
        "Direction": DIRECTIONS,
        "AnsweredBy": (TEXT, NULL),
        "Uri": TEXT,
        "RecordingUrl": NULL,  # it reads a text as a URL, and the empty text is none
    }
}
NAMMA_YATRI_CALLBACK = {
    "CallSid": TEXT,
    "EventType": TEXT,
    "DateCreated": TEXT,
    "DateUpdated": TEXT,
    "From": TEXT,
    "To": TEXT,
    "Status": STATUSES,
    "PhoneNumberSid": TEXT,
    "StartTime": TEXT,
    "EndTime": TEXT,
    "Direction": DIRECTIONS,
    "RecordingUrl": TEXT,
    "ConversationDuration": NUMBER,
    "CustomField": TEXT,
    "Legs": [{"OnCallDuration": NUMBER, "Status": STATUSES}],
}
MODLIX_DETAILS = {
    "Call": {
        **NAMMA_YATRI_CALL["Call"],
        "ParentCallSid": (TEXT, NULL),
        "Details": {
            "ConversationDuration": NUMBER,
            "Leg1Status": (TEXT, NULL),
            "Leg2Status": (TEXT, NULL),
            "Legs": [{"Leg": {"Id": NUMBER, "OnCallDuration": NUMBER}}],
        },
    }
}
MODLIX_CALLBACK = {
    "CallSid": TEXT,
    "Status": TEXT,
    "ConversationDuration": NUMBER,
    "RecordingUrl": TEXT,
    "StartTime": Moment(),
    "EndTime": Moment(),
}

# Go decodes null into the empty text.
WAREONGO_PAGE = {
    "Metadata": {"NextPageUri": (TEXT, NULL)},
    "Calls": [
        {
            "Sid": TEXT,
            "From": TEXT,
            "To": TEXT,
            "PhoneNumber": TEXT,
            "Direction": TEXT,
            "Status": TEXT,
            "StartTime": Moment(),
            "EndTime": (TEXT, NULL),
            "Duration": (TEXT, NULL, NUMBER),
            "Price": (TEXT, NULL),
            "RecordingUrl": (TEXT, NULL),
            "ConversationDuration": (TEXT, NUMBER, NULL),
        }
    ],
}
