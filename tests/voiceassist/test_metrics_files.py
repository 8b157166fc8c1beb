"""Dashboard and alerts: every expression can be read, and names only what a running site shows, type and labels."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from promql_parser import AggregateExpr, BinaryExpr, Call, Expr, MatrixSelector, VectorSelector

from tests.support.project_files import ROOT
from tests.support.running_site import RunningSite, running_site
from tests.support.site_home import SiteHome

DEPLOYMENT = ROOT / "docs" / "deployment"
PAPER = ROOT / "docs" / "operation.md"
TOKEN = "a-scrapers-token-0123456789"
BY_PROMETHEUS = {"up"}
ADDED_BY_PROMETHEUS = {"job", "instance"}
RISING = {"rate", "irate", "increase"}


@dataclass(frozen=True, slots=True)
class Series:
    """What a site shows under one name."""

    kind: str
    """"counter", "gauge" or "histogram"."""
    labels: frozenset[str]
    values: Mapping[str, frozenset[str]]
    """Of each label."""


@pytest.fixture(scope="module")
def site(home: SiteHome) -> Iterator[RunningSite]:
    with running_site(home, {"METRICS_TOKEN": TOKEN}) as running:
        yield running


@pytest.fixture(scope="module")
def shown(site: RunningSite) -> dict[str, Series]:
    """Every name that a site shows which nobody has used yet."""
    answer = httpx.get(f"{site.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).raise_for_status()
    series: dict[str, Series] = {}
    for family in text_string_to_metric_families(answer.text):
        names = {sample.name for sample in family.samples} or {family.name}
        for name in names:
            samples = [sample.labels for sample in family.samples if sample.name == name]
            labels = {label for each in samples for label in each}
            values = {label: frozenset(each[label] for each in samples) for label in labels}
            series[name] = Series(family.type, frozenset(labels), values)
    return series


# --- reading the files ------------------------------------------------------------------------------------------


@cache
def _dashboard() -> Any:
    return json.loads((DEPLOYMENT / "grafana-dashboard.json").read_text(encoding="utf-8"))


@cache
def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOYMENT / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _panels() -> list[dict[str, Any]]:
    return [panel for panel in _dashboard()["panels"] if panel["type"] != "row"]


def _expressions() -> dict[str, str]:
    """Every expression by where it stands, as Prometheus is asked it."""
    told = {
        f"{panel['title']} {target['refId']}": re.sub(r"\$__(?:rate_interval|range)\b", "5m", target["expr"])
        for panel in _panels()
        for target in panel["targets"]
    }
    return told | {rule["alert"]: rule["expr"] for rule in _rules()}


@dataclass(frozen=True, slots=True)
class Use:
    """A series as an expression uses it."""

    name: str
    matched: tuple[tuple[str, str, bool], ...]
    """Label, value, and whether the value is matched as it stands."""
    functions: tuple[str, ...]
    """Around it, the outermost first."""
    grouped_by: frozenset[str]


def _uses(
    expr: Expr, functions: tuple[str, ...] = (), grouped: frozenset[str] = frozenset()
) -> Iterator[Use]:
    match expr:
        case VectorSelector():
            matched = tuple(
                (each.name, each.value, str(each.op) in ("=", "MatchOp.Equal"))
                for each in expr.matchers.matchers
            )
            yield Use(expr.name or "", matched, functions, grouped)
        case MatrixSelector():
            yield from _uses(expr.vector_selector, functions, grouped)
        case AggregateExpr():
            assert expr.modifier is None or str(expr.modifier.type).endswith("By"), (
                "only `by` is understood here"
            )
            labels = frozenset(expr.modifier.labels) if expr.modifier else frozenset()
            yield from _uses(expr.expr, (*functions, "aggregate"), grouped | labels)
        case Call():
            for inner in expr.args:
                yield from _uses(inner, (*functions, expr.func.name), grouped)
        case BinaryExpr():
            yield from _uses(expr.lhs, functions, grouped)
            yield from _uses(expr.rhs, functions, grouped)
        case _:
            assert type(expr).__name__ in ("NumberLiteral", "StringLiteral"), type(expr).__name__


def _uses_of(where: str) -> list[Use]:
    return list(_uses(promql_parser.parse(_expressions()[where])))


# --- the expressions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", _expressions())
class TestAnExpression:
    def test_names_only_what_a_site_shows(self, where: str, shown: dict[str, Series]) -> None:
        uses = _uses_of(where)
        assert uses
        for use in uses:
            assert use.name in shown or use.name in BY_PROMETHEUS, use.name

    def test_names_only_labels_and_values_that_are_there(self, where: str, shown: dict[str, Series]) -> None:
        for use in _uses_of(where):
            known = shown[use.name].labels if use.name in shown else frozenset()
            assert use.grouped_by <= known | ADDED_BY_PROMETHEUS, use
            for label, value, is_literal in use.matched:
                assert label in known | ADDED_BY_PROMETHEUS, use
                if label in known:
                    wanted = {value} if is_literal else set(value.split("|"))
                    assert wanted <= shown[use.name].values[label], use

    def test_asks_how_fast_of_what_only_rises_and_of_nothing_else(
        self, where: str, shown: dict[str, Series]
    ) -> None:
        for use in _uses_of(where):
            kind = shown[use.name].kind if use.name in shown else "gauge"
            assert bool(RISING & set(use.functions)) == (kind in ("counter", "histogram")), use

    def test_asks_for_quantiles_of_buckets_with_their_bounds(
        self, where: str, shown: dict[str, Series]
    ) -> None:
        for use in _uses_of(where):
            is_bucket = use.name.endswith("_bucket")
            assert ("histogram_quantile" in use.functions) == is_bucket, use
            assert ("le" in use.grouped_by) == is_bucket, use


def test_a_name_or_label_that_is_not_there_would_be_found(shown: dict[str, Series]) -> None:
    """The tests above can fail."""
    [use] = _uses(promql_parser.parse('sum by (who) (rate(voiceassist_turn_total{outcome="lost"}[5m]))'))
    assert use == Use(
        "voiceassist_turn_total", (("outcome", "lost", True),), ("aggregate", "rate"), frozenset({"who"})
    )
    assert use.name not in shown
    with pytest.raises(ValueError, match="unclosed"):
        promql_parser.parse("sum by (le (rate(x[5m]))")


# --- the files --------------------------------------------------------------------------------------------------


def test_every_figure_of_our_own_is_on_the_dashboard(shown: dict[str, Series]) -> None:
    used = {use.name for where in _expressions() for use in _uses_of(where)}
    families = {re.sub(r"_(?:bucket|sum|count)$", "", name) for name in used}
    ours = {re.sub(r"_(?:bucket|sum|count)$", "", name) for name in shown if name.startswith("voiceassist_")}
    left_out = {
        "voiceassist_drain_seconds",
        "voiceassist_handover_seconds",
        "voiceassist_orders_obeyed_total",
    }
    assert ours - families <= left_out | {"voiceassist_orders_told_total"}


def test_panels_lie_side_by_side_and_have_numbers_of_their_own() -> None:
    panels = _dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in _panels():
        assert panel["title"] and panel["targets"]
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEF")[: len(panel["targets"])]


def test_the_dashboard_uses_only_variables_it_has() -> None:
    has = {variable["name"] for variable in _dashboard()["templating"]["list"]} | {
        "__rate_interval",
        "__range",
    }
    text = json.dumps(_dashboard())
    assert {name for pair in re.findall(r"\$(?:\{(\w+)\}|(\w+))", text) for name in pair if name} == has | {
        "__all"
    }


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_what_it_means_and_stands_in_the_paper(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"].endswith(".")
    assert f"### {rule['alert']}\n" in PAPER.read_text(encoding="utf-8")


def test_alerts_speak_of_labels_that_are_left_over() -> None:
    for rule in _rules():
        named = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        for use in _uses(promql_parser.parse(rule["expr"])):
            if "aggregate" in use.functions:
                assert named <= use.grouped_by, rule["alert"]


def test_the_paper_explains_every_figure(shown: dict[str, Series]) -> None:
    paper = PAPER.read_text(encoding="utf-8")
    families = {
        re.sub(r"_(?:bucket|sum|count)$", "", name) for name in shown if name.startswith("voiceassist_")
    }
    assert {name for name in families if f"`{name}`" not in paper} == set()
    told = set(re.findall(r"`(voiceassist_[a-z_]+)`", paper)) - {"voiceassist_doctor"}
    assert told - families == set(), "the paper names what is not there"


def test_prometheus_scrapes_workers_one_by_one_with_a_token_from_a_file() -> None:
    config = yaml.safe_load((DEPLOYMENT / "prometheus.yml").read_text(encoding="utf-8"))
    [job] = config["scrape_configs"]
    assert job["job_name"] == "voiceassist"
    assert job["metrics_path"] == "/metrics"
    assert set(job["authorization"]) == {"type", "credentials_file"}
    assert len(job["static_configs"][0]["targets"]) > 1
    assert [(DEPLOYMENT / name).is_file() for name in config["rule_files"]] == [True]
    assert Path(job["authorization"]["credentials_file"]).is_absolute()
