"""Long conversations, put down in a process of its own: `python -m bench.relay.past USER_ID MESSAGES ...`.

It prints the id of each. The environment is the worker's.
"""

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from bench.relay.machine import of_the_machine
from tests.faults.rig.processes import Home
from tests.support.project_files import ROOT

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def conversations_of(home: Home, user_id: int, lengths: tuple[int, ...]) -> list[str]:
    """The ids of new conversations of so many messages each."""
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-m", __name__, str(user_id), *map(str, lengths)],
        cwd=ROOT,
        env=of_the_machine() | home.environment | {"DJANGO_SETTINGS_MODULE": "voiceassist.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"the conversations could not be put down:\n{done.stdout}{done.stderr}"
    found: list[str] = json.loads(done.stdout)
    return found


# --- in the process of its own ------------------------------------------------------------------------------------


def _put_down(user_id: int, lengths: list[int]) -> list[str]:
    import django

    django.setup()
    from django.contrib.auth.models import User

    owner = User.objects.get(pk=user_id)
    return [_conversation(owner, length) for length in lengths]


def _conversation(owner: "User", length: int) -> str:
    from django.utils import timezone

    from conversations.models import Conversation, Message

    conversation = Conversation.objects.create(user=owner, title=f"{length} messages", message_count=length)
    now = timezone.now()
    turns = (
        Message(
            conversation=conversation,
            position=number,
            role="assistant" if number % 2 else "user",
            text=f"{number:05} what was said on that day and what came of it",
            spoken_at=now,
        )
        for number in range(length)
    )
    Message.objects.bulk_create(turns, batch_size=1000)
    return str(conversation.pk)


if __name__ == "__main__":
    print(json.dumps(_put_down(int(sys.argv[1]), [int(each) for each in sys.argv[2:]])))
