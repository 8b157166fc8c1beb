"""What can go wrong while remembering.

ConversationError
└── ConversationNotFound    not there, or somebody else's: the caller is told the same
"""


class ConversationError(Exception):
    """A failure that a caller is told about: `code` for programs, `detail` for people, `status` for HTTP."""

    code = "conversation_error"
    detail = "The conversation could not be used."
    status = 400

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.detail)
        if detail:
            self.detail = detail


class ConversationNotFound(ConversationError):
    code = "conversation_not_found"
    detail = "There is no such conversation. It may have been deleted; start a new one."
    status = 404
