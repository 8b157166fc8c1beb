"""Parts: the words, sound and calls that answers are made of, each in a part that was announced."""

from realtime.protocol.dialects.answers import Answers, place
from realtime.protocol.dialects.told import Sort, Telling, Told, ToldItem, ToldPart, changed
from realtime.protocol.events import Event, text_of


class Parts:
    """What becomes of the parts of one connection's answers."""

    def __init__(self, told: Told, answers: Answers) -> None:
        self._told = told
        self._answers = answers

    def added(self, event: Event) -> Telling:
        """A part begins."""
        known = yield from self._answers.begin_item(event)
        index = event["content_index"]
        begun = known.parts.get(index)
        if begun is not None and (begun.is_ours or not self._told.trusts):
            begun.is_ours = False
            return
        known.parts[index] = ToldPart(index, "text" if event["part"].get("type") == "text" else "audio")
        yield self._answers.placed(event, known)

    def done(self, event: Event) -> Telling:
        """A part is complete. What it holds is known, whether the server repeats it or not."""
        known = yield from self._answers.begin_item(event)
        part = known.parts.get(event["content_index"]) or next(iter(known.parts.values()), None)
        if part is None:
            part = known.parts[event["content_index"]] = ToldPart(event["content_index"], "audio")
        if part.is_done:
            return
        part.is_done = True
        told = event["part"]
        if not (told.get("transcript") or told.get("text")) and (part.words or "type" not in told):
            told = told | part.as_part()
        yield changed(self._answers.placed(event, known), part=told, content_index=part.index)

    def piece(self, event: Event) -> Telling:
        """A piece or the end of an answer's words or sound."""
        known = yield from self._answers.begin_item(event)
        sort: Sort = "text" if event["type"].startswith("response.output_text.") else "audio"
        part = known.parts.get(event["content_index"]) or _of_ours(known, sort)
        if part is None:
            part = known.parts[event["content_index"]] = ToldPart(event["content_index"], sort, is_ours=True)
            if not known.closed:
                yield self._told.event(
                    "response.content_part.added", **place(known, part), part=part.as_part()
                )
        yield changed(self._answers.placed(_with_words(event, part), known), content_index=part.index)

    def call(self, event: Event) -> Telling:
        """A piece or the end of a function call's arguments."""
        known = (
            self._told.known(text_of(event.get("item_id")))
            or self._told.item_of_call(event.get("call_id"))
            or ToldItem({})
        )
        fields: Event = {
            "item_id": text_of(event.get("item_id")) or text_of(known.item.get("id")),
            "call_id": text_of(event.get("call_id")) or text_of(known.item.get("call_id")),
        }
        if event["type"].endswith(".done"):
            fields["name"] = text_of(event.get("name")) or text_of(known.item.get("name"))
            fields["arguments"] = text_of(event.get("arguments"))
            known.learn({"arguments": fields["arguments"]})
        yield changed(self._answers.placed(event, known), **fields)


def _of_ours(known: ToldItem, sort: Sort) -> ToldPart | None:
    """A part that the server never announced: it may count the pieces of it as parts."""
    return next((part for part in known.parts.values() if part.is_ours and part.sort == sort), None)


def _with_words(event: Event, part: ToldPart) -> Event:
    match event["type"]:
        case "response.output_audio.delta" | "response.output_audio.done":
            return event
        case "response.output_text.delta" | "response.output_audio_transcript.delta":
            part.words += text_of(event.get("delta"))
            return event
    name = "text" if event["type"] == "response.output_text.done" else "transcript"
    part.words = text_of(event.get(name)) or part.words
    return changed(event, **{name: part.words})
