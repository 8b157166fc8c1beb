"""Static files that are given their names and are otherwise left alone."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage


class Named(ManifestStaticFilesStorage):
    """Reads no file for the names of others, and makes none smaller."""

    patterns = ()
