"""What the people in the pictures said."""

from typing import Any

Turn = dict[str, Any]


def asks(text: str, *, modality: str = "audio", status: str = "final") -> Turn:
    return {"role": "user", "modality": modality, "status": status, "text": text}


def answers(text: str, *, unheard: str = "") -> Turn:
    status = "interrupted" if unheard else "final"
    return {
        "role": "assistant",
        "modality": "audio",
        "status": status,
        "text": text,
        "unheard_text": unheard,
    }


SLEEP = (
    asks("I slept five hours last night, and woke up twice."),
    answers("That is little. Did something wake you, or were you simply awake?"),
)
EARLIER = {
    "Ibuprofen and coffee": (0.1, [asks("May I drink coffee with ibuprofen?")]),
    "Questions for the visit": (2, [asks("Help me to write down my questions for the visit.")]),
    "Sleep diary": (3, SLEEP),
    "Blood pressure log": (5, [asks("It was 142 over 88 this morning.")]),
}
"""The other conversations of the person in the chat's picture: how many days ago, and what was said."""
ON_THE_PHONE = "Sleep diary"

HEADACHE = (
    asks(
        "My head has ached since Monday, mostly in the afternoon, and light bothers me a little.",
        modality="text",
    ),
    answers(
        "That sounds tiring. Is the pain on one side of your head or on both?",
        unheard="Please also tell me whether you have had a fever.",
    ),
)

KNEE = (
    asks("I take apixaban for my heart rhythm, and since yesterday my knee is swollen."),
    answers("I am sorry to hear that. Did you twist it or fall, and is it hot or red?"),
    asks("No, it's just swollen from the garden. Can I take ibuprofen for it?"),
    answers(
        "Knees often swell after unusual strain, and ibuprofen is commonly used for that.",
        unheard="Together with apixaban, however, it makes serious bleeding more likely, so please ask your doctor or "
        "pharmacist before you take any.",
    ),
    asks("Good, I have some in the house. I'll take two."),
    answers(
        "Please wait before you do. Ibuprofen together with apixaban makes serious bleeding more likely. Your doctor "
        "or pharmacist can say what you may take instead."
    ),
    asks("", status="failed"),
    asks("Would paracetamol be all right?", modality="text"),
    answers(
        "Paracetamol is usually the safer choice beside apixaban, within the dose on the pack. Ask at your pharmacy "
        "to be sure, and see a doctor today if the knee becomes hot or you get a fever."
    ),
)
KNEE_TITLE = "Swollen knee and apixaban"
KNEE_NOTES = (
    "The warning stood at the end of the answer and was interrupted, so it was not heard. It was given in full in the "
    "next turn, before a dose was taken. To the clinical lead: the persona should name the danger first."
)

OTHERS = {
    "How long does a sprained ankle take to heal?": "A mild sprain often settles within two weeks.",
    "My appointment is tomorrow. What should I bring?": "Bring your list of medicines and your last letter.",
    "I could not sleep again last night.": "That is wearing. How long has it been like this?",
    "Can I have grapefruit with my tablets?": "With some tablets it is best avoided. Which ones do you take?",
    "Please remind me what we said about my blood pressure.": "You measured 142 over 88 on Tuesday morning.",
    "The rash on my arm is itching more today.": "Has it spread, or do you have trouble breathing?",
    "When should I take the antibiotic, before or after food?": "The leaflet in the pack says which.",
}
"""What other people asked, and the beginning of what they were told."""

PEOPLE = ("m.okafor", "j.lindqvist", "a.petrova", "d.nakamura", "s.haddad", "r.moreau")
