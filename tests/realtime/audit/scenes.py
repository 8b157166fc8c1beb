"""Sessions that are not drawn but composed: each holds one thing that a kind of fault would spoil."""

from tests.realtime.audit.plans import (
    Act,
    AnswerPlan,
    Drop,
    Ending,
    Habits,
    SessionPlan,
    TranscriptPlan,
    VisitPlan,
)

EVERYDAY = SessionPlan(
    (
        VisitPlan(
            acts=(Act("speak"), Act("speak", pause=0.3), Act("type", pause=4.0), Act("speak", pause=0.9)),
            answers=(AnswerPlan(words=6), AnswerPlan(words=4, pace=0.1, commentary=True, tool=True)),
            transcripts=(TranscriptPlan(delay=0.5), TranscriptPlan(delay=8.0)),
        ),
    )
)
"""Spoken and typed turns, two interruptions, words that come late, commentary and a tool."""

TAKEN_OVER = SessionPlan(
    (
        VisitPlan(
            acts=(Act("speak"), Act("speak", pause=3.0), Act("speak", pause=3.0)),
            ending=Ending("replaced", after=6.0),
        ),
        VisitPlan(acts=(Act("speak"), Act("type"))),
    )
)
"""Somebody speaks on in one window after the conversation went on in another one."""

RICH = SessionPlan(
    (
        VisitPlan(
            acts=(Act("speak", words=2), Act("type", words=2, pause=0.5), Act("speak", words=2, pause=0.6)),
            answers=(AnswerPlan(words=3, pace=0.1),),
            transcripts=(TranscriptPlan(delay=0.7),),
            drops=(Drop("1006", frames=28, refusals=1),),
            habits=Habits(announces_again=True, repeats_ids=True),
            ending=Ending("leaves", after=9.0),
        ),
    )
)
"""All that can be going on at once in a few seconds: for being cut off at any moment."""
