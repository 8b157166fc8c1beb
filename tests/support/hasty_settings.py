"""The settings of a site whose patience is short: `DJANGO_SETTINGS_MODULE=tests.support.hasty_settings`.

The same program and the same bounds on what is held; only the waits are cut, so that a test may sit them out. The long
forms of the fault tests take the real ones. Settings come before the modules that copy these numbers.
"""

from dataclasses import MISSING, fields
from typing import Any

from realtime.protocol import pace, reconnection, watchdog
from realtime.providers import connection

watchdog.ANSWER_SECONDS = 0.8
watchdog.STALL_SECONDS = 6.5
reconnection.PAUSES = (0.0, 0.05, 0.1, 0.2)  # type: ignore[assignment]  # fewer, too
pace.PATIENCE_SECONDS = 1.0

# These copy what was changed above.
from realtime import breaker, timing  # noqa: E402
from realtime.protocol import core  # noqa: E402
from voiceassist.management import http_protocol, server  # noqa: E402
from voiceassist.settings import *  # noqa: E402, F403

core.SETUP_SECONDS = 2.0
server.PING_SECONDS = 2
http_protocol.BoundedHttp.head_seconds = 1.5
breaker.OPEN_SECONDS = 1.5


def _hurry(patience: type[Any], **seconds: float) -> None:
    """Change the defaults of a dataclass of waits. Raises KeyError for one that it does not have."""
    defaults = {each.name: each.default for each in fields(patience) if each.default is not MISSING}
    unknown = set(seconds) - set(defaults)
    if unknown:
        raise KeyError(unknown)
    patience.__init__.__defaults__ = tuple((defaults | seconds).values())


_hurry(connection.Patience, opening=2.0, ping_interval=2.0, ping_timeout=2.0, closing=1.0)
_hurry(timing.Timing, stall=1.5, behind=1.0, lease=3.0, parked=3.0)
