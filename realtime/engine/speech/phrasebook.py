"""The phrasebook: what people most likely ask the built-in responder, as a grammar the recogniser can follow.

A recogniser that listens for anything mishears short questions; one that listens for these alone hears little else.
Both listen, and the phrasebook's reading counts only where it explains the sound better.
"""

import re

# "a hundred" is left to the free search: at the end of a sum the book would hear every "eight" as its beginning.
_RULES = {
    "unit": "one | two | three | four | five | six | seven | eight | nine",
    "teen": "ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen | seventeen | eighteen | nineteen",
    "tens": "twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety",
    "small": "<unit> | <teen> | <tens> [<unit>]",
    "number": "zero | <small> | <unit> hundred [[and] <small>] | <unit> thousand",
    "operation": "plus | minus | times | multiplied by | divided by",
    "sum": "(what is | what's | how much is) <number> <operation> <number> [<operation> <number>]",
    "when": "last time | before | earlier | yesterday | just now",
    "memory": (
        "what did (i | we | you) (say | talk about | discuss) [<when>] | what have (i said | we talked about) [<when>]"
        " | what did (i tell you | i just say | you just say) | what was i saying | do you remember what i said"
    ),
    "clock": (
        "what time is it [now] | (what is | what's) (the time | the date | today's date) | what is the date today"
        " | what day is it [today]"
    ),
    "manners": (
        "hello [there] | hi [there] | good (morning | afternoon | evening) | [hello] how are you"
        " | thank you [very much] | thanks | goodbye"
    ),
    "help": "who are you | what are you | what can you do | can you help me",
    "question": "<sum> | <memory> | <clock> | <manners> | <help>",
}
_TOKEN = re.compile(r"<\w+>|[()\[\]|]|[\w']+")


def grammar() -> str:
    """The phrasebook in JSpeech Grammar Format."""
    rules = [f"<{name}> = {body};" for name, body in _RULES.items()]
    return "\n".join(["#JSGF V1.0;", "grammar phrasebook;", *rules, "public <phrase> = <question>;"])


def words() -> set[str]:
    """Every word of the phrasebook."""
    return {
        token for body in _RULES.values() for token in _TOKEN.findall(body) if re.fullmatch(r"[\w']+", token)
    }


def holds(text: str) -> bool:
    """`text` is a phrase of the book from its first word to its last."""
    return bool(_PHRASE.fullmatch(f"{text} "))


def _pattern(body: str) -> str:
    """`body` as a regular expression in which every word brings its blank."""
    signs = {"(": "(?:", ")": ")", "[": "(?:", "]": ")?", "|": "|"}
    return "".join(
        signs.get(token) or (f"(?:{_pattern(_RULES[token[1:-1]])})" if token[0] == "<" else f"{token} ")
        for token in _TOKEN.findall(body)
    )


_PHRASE = re.compile(_pattern("<question>"))
