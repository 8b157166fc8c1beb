"""Static files: made small, stored under names that change with their content, and answered over ASGI."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rcssmin
import rjsmin
from django.apps import apps
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.http import HttpRequest, HttpResponse
from whitenoise.compress import Compressor
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = ("css/", "js/")
"""What is written here and fetched with every page; the rest comes from libraries, which have made theirs small."""
_DOCUMENTS = ("text/html", "image/svg+xml")
"""What a browser opens as a page of its own when somebody goes to its address."""
_OF_A_DOCUMENT = "default-src 'none'; frame-ancestors 'none'; sandbox; style-src 'unsafe-inline'"
"""A library's page is to a browser a page of this site, and may do nothing. Drawings carry styles of their own."""
_SMALLER: dict[str, Callable[[str], str]] = {".js": rjsmin.jsmin, ".css": rcssmin.cssmin}


class NotGathered(ValueError):
    """A page needs a static file that `collectstatic` has not gathered, or not before this process began.

    A ValueError, as Django's own word for it is: WhiteNoise asks for every file of the folder and takes that for a no.
    """

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the static file {name} is missing; run `manage.py collectstatic --no-input` and start the server again"
        )


def missing() -> list[str]:
    """The static files that no page can use, because they were not gathered before this process began."""
    if not isinstance(staticfiles_storage, ManifestFilesMixin):
        return []  # DEBUG: they are served from where they are written
    gathered = staticfiles_storage.hashed_files
    left_out = apps.get_app_config("staticfiles").ignore_patterns
    return sorted(
        {path for finder in get_finders() for path, _ in finder.list(left_out) if path not in gathered}
    )


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc] # ships no types
    """Django leaves `import` statements alone unless asked; a page would then run old modules beside new ones.

    Imports must end in a semicolon to be rewritten: one without it names a second, unhashed copy of the module.
    """

    support_js_module_import_aggregation = True
    max_post_process_passes = 30
    """The name of a module hangs on those of all it imports: one pass for each step of the longest way down."""

    def post_process(
        self, paths: dict[str, tuple[Any, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        """Our own scripts and sheets lose their comments first, then all get their names."""
        if not dry_run:
            paths = paths | {name: (self, name) for name in filter(_is_ours, paths) if self._shrunk(name)}
        yield from super().post_process(paths, dry_run, **options)

    def stored_name(self, name: str) -> str:
        try:
            stored: str = super().stored_name(name)
        except ValueError:
            raise NotGathered(name) from None
        return stored

    def create_compressor(self, **kwargs: Any) -> Compressor:
        return _Thorough(tuple(self.path(folder) for folder in OURS), **kwargs)

    def _shrunk(self, name: str) -> bool:
        """Whether the gathered copy of a file is one that is made small; then it is now."""
        smaller, copy = _SMALLER.get(Path(name).suffix), Path(self.path(name))
        if copy.is_symlink():
            return False  # `collectstatic --link`: that is the source itself
        if smaller is not None:
            copy.write_text(smaller(copy.read_text(encoding="utf-8")), encoding="utf-8")
        return smaller is not None


class _Thorough(Compressor):  # type: ignore[misc] # ships no types
    """Brotli takes its time: our own files are worth it, the hundreds of the admin and of the API's pages are not."""

    def __init__(self, ours: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(use_brotli=False, **kwargs)
        self._ours = ours
        self._with_brotli = Compressor(**kwargs)

    def compress(self, path: str) -> list[str]:
        is_ours = path.startswith(self._ours)
        compressed: list[str] = self._with_brotli.compress(path) if is_ours else super().compress(path)
        return compressed


def _is_ours(name: str) -> bool:
    return name.startswith(OURS)


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc] # ships no types
    """WhiteNoise with whole answers.

    It streams from a synchronous iterator. Over ASGI Django collects such a stream in memory anyway, and puts a
    warning about it on the operator's screen.
    """

    def add_files(self, root: str, prefix: str | None = None) -> None:
        # About a folder that is not there it prints a warning of Python's; `serve` and the doctor say it better.
        if self.autorefresh or Path(root).is_dir():
            super().add_files(root, prefix)

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        """The file, the part of it that was asked for, or the word that it has not changed."""
        found = static_file.get_response(request.method, request.META)
        body = b""
        if found.file is not None:
            with found.file as opened:
                body = opened.read()
        response = HttpResponse(body, status=int(found.status))
        del response["Content-Type"]  # WhiteNoise's own, or none where nothing is sent
        for name, value in found.headers:
            response[name] = value
        if response.headers.get("Content-Type", "").startswith(_DOCUMENTS):
            response["Content-Security-Policy"] = _OF_A_DOCUMENT
        return response
