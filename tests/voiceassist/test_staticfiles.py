"""Every module asks for its neighbours by the names that change with their content."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import brotli
import pytest
import rjsmin
from django.conf import settings as django_settings
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.test import RequestFactory

from tests.support.node_program import node
from voiceassist.staticfiles import StaticFiles

_IMPORT = re.compile(r"""(?:from|import)\s*["'](\.[^"']+)["']|import\(\s*["'](\.[^"']+)["']""")
_COMMENT = re.compile(r"/\*.*?\*/", re.S)
"""Django 6.1 leaves the types in comments alone, which no browser fetches; 5.2 rewrites them too."""
_TESTS_JS = django_settings.BASE_DIR / "tests" / "js"
_COMPARE = """
const {parse} = require("acorn");
const places = new Set(["start", "end"]);
const tree = source => JSON.stringify(
    parse(source, {ecmaVersion: 2020, sourceType: "module"}),
    (key, value) => places.has(key) ? undefined : value instanceof RegExp ? String(value) : value,
);
const pairs = JSON.parse(require("fs").readFileSync(0, "utf8"));
const differing = pairs.flatMap(([source, small], at) => tree(source) === tree(small) ? [] : [at]);
process.stdout.write(JSON.stringify(differing));
"""
_HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")


def _collect(settings: Any, source: Path, target: Path, *, link: bool = False) -> dict[str, str]:
    """Collect `source` as production does; answers the manifest: name -> hashed name."""
    settings.STATICFILES_DIRS = [source]
    settings.STATIC_ROOT = target
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STORAGES = django_settings.STORAGES | {
        "staticfiles": {"BACKEND": "voiceassist.staticfiles.ModuleManifestStorage"}
    }
    call_command("collectstatic", interactive=False, verbosity=0, link=link)
    paths: dict[str, str] = json.loads((target / "staticfiles.json").read_text())["paths"]
    return paths


@pytest.fixture
def page(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    worklets = source / "js" / "voice" / "worklets"
    worklets.mkdir(parents=True)
    (worklets / "ring-buffer.js").write_text("export class RingBuffer {}\n")
    (worklets / "playback-processor.js").write_text(
        'import { RingBuffer } from "./ring-buffer.js";\nregisterProcessor("playback", RingBuffer);\n'
    )
    (source / "js" / "state.js").write_text("export const idle = 1;\nexport const busy = 2;\n")
    (source / "js" / "vocabulary.js").write_text('export { idle, busy } from "./state.js";\n')
    (source / "js" / "chat.js").write_text(
        'import "./side-effect.js";\n'
        'import {\n  idle,\n  busy,\n} from "./vocabulary.js";\n'
        'import * as state from "./state.js";\n'
        'export const later = () => import("./state.js");\n'
        "console.log(idle, busy, state);\n"
    )
    (source / "js" / "side-effect.js").write_text("document.title = 'x';\n")
    return source


def test_every_form_of_import_names_the_hashed_file(settings: Any, page: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    manifest = _collect(settings, page, target)
    chat = (target / manifest["js/chat.js"]).read_text()
    for neighbour in ("js/side-effect.js", "js/vocabulary.js", "js/state.js"):
        assert Path(manifest[neighbour]).name in chat
    assert '"./state.js"' not in chat
    assert Path(manifest["js/state.js"]).name in (target / manifest["js/vocabulary.js"]).read_text()


def test_worklets_and_what_they_import_are_hashed(settings: Any, page: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    manifest = _collect(settings, page, target)
    processor = manifest["js/voice/worklets/playback-processor.js"]
    ring_buffer = manifest["js/voice/worklets/ring-buffer.js"]
    assert _HASHED.search(processor)
    assert Path(ring_buffer).name in (target / processor).read_text()


def test_a_change_deep_down_changes_the_name_of_whoever_imports_it(
    settings: Any, page: Path, tmp_path: Path
) -> None:
    before = _collect(settings, page, tmp_path / "before")
    (page / "js" / "state.js").write_text("export const idle = 3;\nexport const busy = 4;\n")
    after = _collect(settings, page, tmp_path / "after")
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"js/state.js", "js/vocabulary.js", "js/chat.js"}


def test_a_long_way_down_is_gone_to_its_end(settings: Any, page: Path, tmp_path: Path) -> None:
    for depth in range(10):
        (page / "js" / f"step{depth}.js").write_text(f'import "./step{depth + 1}.js";\n')
    (page / "js" / "step10.js").write_text("export const bottom = 1;\n")
    manifest = _collect(settings, page, tmp_path / "target")
    for depth in range(10):
        step = (tmp_path / "target" / manifest[f"js/step{depth}.js"]).read_text()
        assert Path(manifest[f"js/step{depth + 1}.js"]).name in step


def test_files_are_kept_compressed_too(settings: Any, page: Path, tmp_path: Path) -> None:
    (page / "js" / "long.js").write_text("export const words = 'again and again';\n" * 200)
    target = tmp_path / "target"
    manifest = _collect(settings, page, target)
    assert (target / (manifest["js/long.js"] + ".gz")).exists()


def test_our_own_pages_import_nothing_by_a_bare_name(settings: Any, tmp_path: Path) -> None:
    target = tmp_path / "target"
    manifest = _collect(settings, Path(django_settings.BASE_DIR) / "static", target)
    modules = [hashed for name, hashed in manifest.items() if name.endswith(".js")]
    assert modules
    for module in modules:
        for match in _IMPORT.finditer(_COMMENT.sub("", (target / module).read_text())):
            name = match.group(1) or match.group(2)
            assert _HASHED.search(name), f"{module} imports {name}: is there a semicolon after it?"
            assert (target / module).parent.joinpath(name).resolve().exists(), f"{module} imports {name}"


@pytest.fixture
def static_files(settings: Any, tmp_path: Path) -> StaticFiles:
    (tmp_path / "chat.js").write_text("0123456789")
    settings.STATIC_ROOT = tmp_path
    settings.WHITENOISE_AUTOREFRESH = False

    def beyond(_: HttpRequest) -> HttpResponse:
        return HttpResponseNotFound()

    return StaticFiles(beyond)


def test_a_file_is_answered_whole_so_that_asgi_has_no_stream_to_warn_of(
    static_files: StaticFiles, rf: RequestFactory
) -> None:
    response = static_files(rf.get("/static/chat.js"))
    assert not response.streaming
    assert response.content == b"0123456789"
    assert response["Content-Length"] == "10"
    assert response["Content-Type"].startswith("text/javascript")


def test_heads_parts_and_unchanged_files_are_answered_as_http_has_it(
    static_files: StaticFiles, rf: RequestFactory
) -> None:
    head = static_files(rf.head("/static/chat.js"))
    assert (head.status_code, head.content, head["Content-Length"]) == (200, b"", "10")
    part = static_files(rf.get("/static/chat.js", headers={"range": "bytes=2-4"}))
    assert (part.status_code, part.content, part["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    since = {"if-modified-since": head["Last-Modified"]}
    assert static_files(rf.get("/static/chat.js", headers=since)).status_code == 304
    assert static_files(rf.get("/static/no.js")).status_code == 404


@pytest.mark.parametrize(
    ("name", "is_document"), [("page.html", True), ("icon.svg", True), ("chat.js", False)]
)
def test_what_opens_as_a_page_may_do_nothing(
    settings: Any, static_files: StaticFiles, rf: RequestFactory, name: str, is_document: bool
) -> None:
    (Path(settings.STATIC_ROOT) / name).write_text("<p>Hello</p>")
    again = StaticFiles(static_files.get_response)
    policy = again(rf.get(f"/static/{name}")).headers.get("Content-Security-Policy", "")
    assert policy.startswith("default-src 'none'; frame-ancestors 'none'") is is_document


def test_links_to_the_sources_are_left_as_they_are(settings: Any, page: Path, tmp_path: Path) -> None:
    source = page / "js" / "words.js"
    source.write_text("// Why.\nexport const word = 1;\n")
    (tmp_path / "target" / "js").mkdir(parents=True)
    (tmp_path / "target" / "js" / "words.js").symlink_to(source)
    _collect(settings, page, tmp_path / "target", link=True)
    assert source.read_text().startswith("// Why.")


def test_every_script_says_the_same_when_it_is_small() -> None:
    """Compared as old browsers read it: by its tree, and once more after it was made small twice."""
    scripts = sorted((django_settings.BASE_DIR / "static" / "js").rglob("*.js"))
    sources = [script.read_text(encoding="utf-8") for script in scripts]
    small = [rjsmin.jsmin(source) for source in sources]
    assert [rjsmin.jsmin(each) for each in small] == small
    pairs = json.dumps(list(zip(sources, small, strict=True)))
    told = subprocess.run(
        [node(), "-e", _COMPARE], input=pairs, capture_output=True, text=True, check=True, cwd=_TESTS_JS
    ).stdout
    differing = json.loads(told)
    assert [scripts[number].name for number in differing] == []
    assert len(scripts) > 100


def test_our_own_files_travel_without_their_comments_and_say_the_same(
    settings: Any, page: Path, tmp_path: Path
) -> None:
    (page / "js" / "words.js").write_text(
        "/** What it is for. */\n"
        'export const same = ["// no comment", \'/* nor this */\', `\n  ${"a" + /[/*]\\/"/.source}  // kept`];\n'
        "// gone\n"
    )
    (page / "css").mkdir()
    (page / "css" / "page.css").write_text("/* gone */\n.note::before {\n  content: '/* kept */';\n}\n")
    target = tmp_path / "target"
    manifest = _collect(settings, page, target)
    script = (target / manifest["js/words.js"]).read_text()
    assert "What it is for" not in script
    assert "gone" not in script
    for kept in ('"// no comment"', "'/* nor this */'", '`\n  ${"a" + /[/*]\\/"/.source}  // kept`'):
        assert kept in script
    assert (target / manifest["css/page.css"]).read_text() == ".note::before{content:'/* kept */'}"


def test_our_own_files_are_there_in_brotli_and_others_in_gzip_alone(
    settings: Any, page: Path, tmp_path: Path
) -> None:
    for folder in ("js", "library/js"):
        (page / folder).mkdir(parents=True, exist_ok=True)
        (page / folder / "long.js").write_text("document.title = 'the same again';\n" * 40)
    target = tmp_path / "target"
    manifest = _collect(settings, page, target)
    ours, others = target / manifest["js/long.js"], target / manifest["library/js/long.js"]
    assert brotli.decompress(ours.with_name(f"{ours.name}.br").read_bytes()) == ours.read_bytes()
    assert others.with_name(f"{others.name}.gz").exists()
    assert not others.with_name(f"{others.name}.br").exists()
