"""A small honest model of a Realtime server: it hears what it is sent, and knows what it said and of what it was told.

It is a provider for the relay. Each connection is a life of its own: a conversation, ids, a buffer, voice detection.
"""

import asyncio
from dataclasses import dataclass, field
from itertools import count

from realtime.errors import UpstreamUnreachable
from realtime.providers.base import Description
from tests.realtime.audit.facts import Fact
from tests.realtime.audit.life import Life
from tests.realtime.audit.plans import AnswerPlan, TranscriptPlan, VisitPlan
from tests.realtime.audit.virtual_time import virtual_loop
from tests.realtime.audit.voice import Lexicon

DESCRIPTION = Description("scripted", "Scripted", "scripted-1", True, ("marin",), "marin")
UNIX_START = 1_790_000_000.0
"""What a wall clock shows when the loop's clock shows 0."""


@dataclass(slots=True)
class Server:
    """All the upstreams of one visit, one after another."""

    plan: VisitPlan
    lexicon: Lexicon
    lives: list[Life] = field(default_factory=list)
    tokens: int = 0
    """What all finished responses that were received cost."""
    answered_at: list[float] = field(default_factory=list)
    """When each response that nobody cancelled was done."""
    seconds: int = 0
    """What all transcriptions that were received cost."""
    description: Description = DESCRIPTION
    is_shut: bool = False
    _refusals: int = 0
    _answers: int = 0
    _transcripts: int = 0
    _ids: "count[int]" = field(default_factory=lambda: count(1))

    def check(self) -> None: ...

    async def connect(self, *, safety_identifier: str) -> Life:
        await asyncio.sleep(0.05)
        if self._refusals > 0:
            self._refusals -= 1
            raise UpstreamUnreachable
        number = len(self.lives) + 1
        drop = self.plan.drops[number - 1] if number <= len(self.plan.drops) else None
        self._refusals = drop.refusals if drop else 0
        life = Life(self, number, drop, count(1) if self.plan.habits.repeats_ids else self._ids)
        self.lives.append(life)
        life.greet()
        return life

    @property
    def expires_at(self) -> float | None:
        """When a life that begins now expires, on the wall clock."""
        within = self.plan.expires_in
        return None if within is None else UNIX_START + virtual_loop().time() + within

    def next_answer(self) -> AnswerPlan:
        self._answers += 1
        return self.plan.answers[(self._answers - 1) % len(self.plan.answers)]

    def next_transcript(self) -> TranscriptPlan:
        self._transcripts += 1
        return self.plan.transcripts[(self._transcripts - 1) % len(self.plan.transcripts)]

    def facts(self) -> list[Fact]:
        """What is in the conversations of all lives, in their order."""
        return [fact for life in self.lives for fact in life.conversation]

    def shut(self) -> None:
        """The visit is over; nothing of the server's goes on."""
        self.is_shut = True
        for life in self.lives:
            life.stop()
