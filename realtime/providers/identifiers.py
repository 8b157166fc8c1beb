"""Who a person is to a speech provider: always the same stranger."""

import hashlib
import hmac


def safety_identifier(user_id: object, *, salt: str) -> str:
    """A stable name for a user that does not tell who it is, for `OpenAI-Safety-Identifier`.

    A keyed hash: whoever lacks `salt` can neither turn it back nor try user ids against it.
    """
    return hmac.new(salt.encode(), f"safety-identifier:{user_id}".encode(), hashlib.sha256).hexdigest()
