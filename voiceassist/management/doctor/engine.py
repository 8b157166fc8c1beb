"""The embedded engine: its parts are installed, its models load, and it understands what it says itself."""

import asyncio
from collections.abc import Iterator

from django.conf import settings

from voiceassist.management.doctor.finding import Finding, ok, problem, warning

PHRASE = "what time is it"
EAR_SECONDS = 10.0
_INSTALL = "Install the speech parts: pip install 'voiceassist[speech]'; docs/troubleshooting.md has more."


def examine_engine() -> Iterator[Finding]:
    """Asked only where it answers; elsewhere its parts are not needed."""
    if settings.REALTIME.provider != "embedded":
        yield ok("Not used: somebody else answers here.")
        return
    # Its libraries are for those who use it.
    from realtime.engine.speech.pool import voice_problem
    from realtime.errors import SpeechUnavailable

    lacking = voice_problem()
    if lacking:
        yield warning(lacking, _INSTALL)
        return
    try:
        heard = asyncio.run(_heard())
    except SpeechUnavailable:
        yield problem(
            "The speech process does not start.", "See what `manage.py voiceassist_engine --port 0` says."
        )
    except TimeoutError:
        yield problem(
            f"Nothing was understood within {EAR_SECONDS:g} seconds.", "Give this machine more processor."
        )
    else:
        yield from _judged(heard)


def _judged(heard: str) -> Iterator[Finding]:
    known = set(PHRASE.split()) & set(heard.split())
    if known:
        yield ok("Its models load, and it understands what it says itself.")
    else:
        yield problem("Its models load, and it does not understand a word that it says itself.", _INSTALL)


async def _heard() -> str:
    """The words that the ears find in what the mouth says. Raises SpeechUnavailable or TimeoutError."""
    from realtime.engine.speech.pool import SpeechPool
    from realtime.engine.speech.vocabulary import (
        SAMPLE_RATE,
        CommitAudio,
        Hear,
        SaidAll,
        Say,
        SpeechFailed,
        Spoken,
        Transcribed,
        TurnTaking,
    )
    from realtime.errors import SpeechUnavailable

    pool = SpeechPool(1, ready_within=EAR_SECONDS)
    try:
        async with asyncio.timeout(EAR_SECONDS):
            worker = await pool.acquire()
            await worker.tell(TurnTaking(by_voice=False))
            await worker.tell(Say("doctor", f"{PHRASE}?", worker.voices[0] if worker.voices else ""))
            sound = b""
            while not isinstance(happened := await worker.next(), SaidAll):
                if isinstance(happened, SpeechFailed):
                    raise SpeechUnavailable(happened.detail)
                sound += happened.pcm if isinstance(happened, Spoken) else b""
            quiet = bytes(SAMPLE_RATE)
            await worker.tell(Hear(quiet + sound + quiet))
            await worker.tell(CommitAudio("doctor"))
            while not isinstance(happened := await worker.next(), Transcribed):
                if isinstance(happened, SpeechFailed):
                    raise SpeechUnavailable(happened.detail)
            return happened.text
    finally:
        await pool.close()
