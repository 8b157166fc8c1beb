"""The panel in which a reviewer flags a conversation, marks it reviewed and writes notes: what its buttons do."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db import transaction

from conversations import reviewing
from conversations.models import Conversation, Review

WRITTEN = "Notes written."
WRITTEN_TWICE = "Somebody else wrote notes meanwhile: both are kept, yours below."


@dataclass(frozen=True, slots=True)
class _Verb:
    writes: dict[str, bool]
    done: str


VERBS = {
    "flag": _Verb({"is_flagged": True}, "Flagged."),
    "unflag": _Verb({"is_flagged": False}, "Flag taken away."),
    "review": _Verb({"is_reviewed": True}, "Marked reviewed."),
    "reopen": _Verb({"is_reviewed": False}, "Review taken back."),
}


class _Notes(forms.CharField):
    """Lines end in one way, whatever the browser made of them."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class ReviewForm(forms.Form):
    """What the panel sends: the button that was pressed, and the notes as they were shown and as they are now."""

    do = forms.ChoiceField(choices=[(name, name) for name in (*VERBS, "write")])
    turns = forms.IntegerField(min_value=0)
    """How many there were when the page was made: of later ones the reviewer knows nothing."""
    notes = _Notes(required=False, max_length=reviewing.NOTES_LENGTH)
    notes_shown = _Notes(required=False)

    @transaction.atomic
    def apply(self, conversation: Conversation, by: User) -> str:
        """Do what the button says, and keep notes that were being written; answers what was done, if anything.

        Raises ValueError, with nothing done, for what the panel cannot have sent and for notes that are too long, as
        those of two together may be.
        """
        if not self.is_valid():
            raise ValueError(" ".join(str(line) for lines in self.errors.values() for line in lines))
        told = self.cleaned_data
        written: dict[str, Any] = {}
        done = []
        if told["notes"] != told["notes_shown"]:
            written["notes"], how = self._merged_notes(conversation)
            done.append(how)
        if told["do"] in VERBS:
            verb = VERBS[told["do"]]
            written |= verb.writes
            done.append(verb.done)
        if written:
            reviewing.write(conversation=conversation, by=by, messages=told["turns"], **written)
        return " ".join(done)

    def _merged_notes(self, conversation: Conversation) -> tuple[str, str]:
        """The notes to keep, and what is said of them: two may write at the same time, and neither's words are lost."""
        reviewing.lock(conversation)
        kept = Review.objects.filter(conversation=conversation).values_list("notes", flat=True).first() or ""
        mine, shown = self.cleaned_data["notes"], self.cleaned_data["notes_shown"]
        return (mine, WRITTEN) if kept in (shown, mine) else (f"{kept}\n\n{mine}", WRITTEN_TWICE)
