"""`manage.py runserver` for work on the pages: Daphne, which holds sockets as well.

Daphne is no app of this site: every start of the server would import Twisted for it, a third of all that it imports.
"""

from daphne.management.commands.runserver import Command

__all__ = ["Command"]
