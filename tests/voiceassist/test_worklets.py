"""The audio thread is given one script that needs nothing else, made of the modules that people read and test."""

import json
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles import finders

from tests.support.node_program import node
from voiceassist.worklets import NAME, WorkletFinder, together

FOLDER = django_settings.BASE_DIR / "static" / "js" / "voice" / "worklets"
PROCESSORS = ["voiceassist-capture", "voiceassist-playback"]
_EXPORTED = re.compile(r"^export\b(?P<what>.*)$", re.M)
_RUN = """
const registered = new Map();
globalThis.sampleRate = 48000;
globalThis.currentTime = 0;
globalThis.AudioWorkletProcessor = class {
    constructor() { this.port = {posted: [], postMessage: message => this.port.posted.push(message)}; }
};
globalThis.registerProcessor = (name, processor) => registered.set(name, processor);
require("node:vm").runInThisContext(require("node:fs").readFileSync(0, "utf8"));
const capture = new (registered.get("voiceassist-capture"))({processorOptions: {frameSamples: 960}});
const playback = new (registered.get("voiceassist-playback"))();
playback.port.onmessage({data: {type: "audio", item: "a", samples: new Int16Array(24000).fill(9000).buffer}});
let loudest = 0;
for (let block = 0; block < 400; block += 1) {
    currentTime = block * 128 / sampleRate;
    const output = [new Float32Array(128), new Float32Array(128)];
    playback.process([], [output]);
    loudest = Math.max(loudest, ...output[1]);
    capture.process([[output[0]]]);
}
console.log(JSON.stringify({
    names: Array.from(registered.keys()), loudest, frames: capture.port.posted.length,
    heard: capture.port.posted.some(({level}) => level > 0.2),
}));
"""
"""Half a second of a loud answer out of one processor and into the other."""


def _module(folder: Path, name: str, source: str) -> None:
    (folder / name).write_text(source)


def test_as_one_script_both_processors_register_and_work() -> None:
    ran = subprocess.run(
        [str(node()), "-e", _RUN], input=together(FOLDER), capture_output=True, text=True, check=True
    )
    told: dict[str, Any] = json.loads(ran.stdout)
    assert sorted(told["names"]) == PROCESSORS
    assert 0.2 < told["loudest"] < 0.3
    assert told["frames"] >= 24
    assert told["heard"]


def test_nothing_of_a_module_is_left_in_the_script() -> None:
    script = together(FOLDER)
    assert not re.search(r"^\s*(import|export)\b", script, re.M)
    assert script.count("registerProcessor(") == len(PROCESSORS)


def test_every_module_of_the_folder_is_in_it_once() -> None:
    script = together(FOLDER)
    for module in FOLDER.glob("*.js"):
        (first, *_) = re.findall(r"^(?:export )?class (\w+)", module.read_text(), re.M)
        assert script.count(f"class {first} ") == 1, module.name


def test_what_modules_export_is_named_once_among_all_and_in_a_form_that_is_understood() -> None:
    names: Counter[str] = Counter()
    for module in FOLDER.glob("*.js"):
        for exported in _EXPORTED.findall(module.read_text()):
            form = re.fullmatch(r" (?:const|class|function) (\w+)\b.*", exported)
            assert form, f"{module.name} exports in another form: {exported}"
            names[form[1]] += 1
    assert names
    assert max(names.values()) == 1, names


def test_two_modules_may_use_one_name_for_themselves(tmp_path: Path) -> None:
    _module(tmp_path, "rate.js", "const LIMIT = 1;\nexport const rate = () => LIMIT;\n")
    _module(
        tmp_path,
        "capture-processor.js",
        'import {rate} from "./rate.js";\n\nconst LIMIT = 2;\nregisterProcessor("a", () => [rate(), LIMIT]);\n',
    )
    _module(
        tmp_path,
        "playback-processor.js",
        'import {rate} from "./rate.js";\nregisterProcessor("b", () => [rate()]);\n',
    )
    script = (
        "const all = []; globalThis.registerProcessor = (name, run) => all.push([name, ...run()]);"
        f"{together(tmp_path)}; console.log(JSON.stringify(all));"
    )
    ran = subprocess.run([str(node()), "-e", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == '[["a",1,2],["b",1]]'


@pytest.fixture
def finder(settings: Any, tmp_path: Path) -> WorkletFinder:
    """A finder whose file has not been made yet."""
    settings.VAR_DIR = tmp_path
    return WorkletFinder()


def test_the_development_server_and_collectstatic_are_offered_the_same_file(finder: WorkletFinder) -> None:
    found = finder.find(NAME)
    assert isinstance(found, str)
    assert Path(found).read_text() == together(FOLDER)
    assert finder.find(NAME, find_all=True) == [found]
    assert [(name, storage.path(name)) for name, storage in finder.list(None)] == [(NAME, found)]
    assert (
        finder.find("js/voice/connection/wire.js")
        == finder.find("js/voice/connection/wire.js", find_all=True)
        == []
    )
    assert finders.find("js/nowhere.js") is None
    assert any(isinstance(each, WorkletFinder) for each in finders.get_finders())


def test_a_change_of_the_sources_is_in_the_next_answer(finder: WorkletFinder) -> None:
    found = finder.find(NAME)
    assert isinstance(found, str)
    Path(found).write_text("of yesterday")
    finder.find(NAME)
    assert Path(found).read_text() == together(FOLDER)
    assert [each.name for each in Path(found).parent.iterdir()] == ["worklets.js"], (
        "nothing half made is left"
    )
