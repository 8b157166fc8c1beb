import pytest

from realtime.engine.speech import phrasebook


@pytest.mark.parametrize(
    "text",
    [
        "what did i say",
        "what did we talk about last time",
        "what have i said",
        "what is twelve plus thirty",
        "how much is one hundred and five divided by seven",
        "what time is it",
        "what is today's date",
        "hello",
        "thank you very much",
        "can you help me",
    ],
)
def test_the_phrasebook_holds_what_people_ask_the_responder(text: str) -> None:
    assert phrasebook.holds(text)


@pytest.mark.parametrize(
    "text",
    ["", "what did i", "what did i say that", "what is twelve plus", "go forward ten meters", "say what"],
)
def test_the_phrasebook_holds_whole_phrases_only(text: str) -> None:
    assert not phrasebook.holds(text)
