"""What a server that is measured learns of the machine's environment."""

import os

_NAMES = ("PATH", "HOME", "LANG", "TMPDIR")


def of_the_machine() -> dict[str, str]:
    """So little that no setting of whoever runs this gets into what is measured."""
    return {name: os.environ[name] for name in _NAMES if name in os.environ}
