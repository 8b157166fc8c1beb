"""What counts as the output that a paper shows; the papers' own tests stand on it."""

import pytest

from tests.support.paper_examples import Example, complaint_about, examples_in

PAPER = """
Ask:

```sh
curl -s "$SITE/one"
```

```json
{"id": "…", "count": 3, "…": "…"}
```

```js
not run
```

```sh
true
```

Words in between.

```json
{"not": "its output"}
```
"""


def test_blocks_are_found_with_their_lines_and_the_output_right_below_them() -> None:
    first, second = examples_in(PAPER, "sh", "python")
    assert (first.line, first.source) == (4, 'curl -s "$SITE/one"\n')
    assert first.expected == '{"id": "…", "count": 3, "…": "…"}\n'
    assert (second.source, second.expected) == ("true\n", "")


def _complaint(expected: str, printed: str) -> str:
    return complaint_about(Example("sh", 1, "", expected), printed)


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ('{"id": "…"}', '{"id": "0f0f"}'),
        ('{"count": 3, "at": "2026-…"}', '{"count": 40, "at": "2026-11-21T09:30:00Z"}'),
        ('{"id": "…", "…": "…"}', '{"id": "0f0f", "more": [1]}'),
        ('{"rows": [{"id": "…"}, "…"]}', '{"rows": [{"id": "a"}, {"id": "b"}]}'),
        ('{"next": null, "flag": true}', '{"next": null, "flag": true}'),
        ("HTTP/1.1 304 …\netag: …", 'HTTP/1.1 304 Not Modified\nserver: us\netag: "7"'),
    ],
)
def test_what_differs_in_times_and_ids_alone_is_as_shown(expected: str, printed: str) -> None:
    assert _complaint(expected, printed) == ""


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ('{"id": "…"}', '{"id": "0f0f", "unmentioned": 1}'),
        ('{"id": "…", "…": "…"}', "{}"),
        ('{"code": "not_found"}', '{"code": "invalid"}'),
        ('{"count": 3}', '{"count": "3"}'),
        ('{"flag": true}', '{"flag": false}'),
        ('{"next": null}', '{"next": "https://…"}'),
        ('{"rows": [{"id": "…"}]}', '{"rows": [{"id": "a"}, {"id": "b"}]}'),
        ('{"rows": [{"id": "…"}]}', '{"rows": []}'),
        ('{"code": "not_found"}', "Bad Gateway"),
        ("HTTP/1.1 304 …", "HTTP/1.1 200 OK"),
        ("one\ntwo", "two\none"),
    ],
)
def test_anything_else_is_not(expected: str, printed: str) -> None:
    assert _complaint(expected, printed) != ""
