"""The settings of a site that says sooner that nothing can be stored, for tests that would wait for it.

The rest is as ever: only the quick forms take it, by `DJANGO_SETTINGS_MODULE`.
"""

from dataclasses import fields
from typing import Any

from realtime import timing
from voiceassist.settings import *  # noqa: F403

SECONDS = {"behind": 1.0}

_timing: type[Any] = timing.Timing
_timing.__init__.__defaults__ = tuple(SECONDS.get(each.name, each.default) for each in fields(_timing))
