"""The voice test page as it is rendered, before any script runs."""

import dataclasses
import json
import re
from html import unescape
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client

from realtime.pages.voice_test import GROUPS
from tests.support.project_files import ROOT

TROUBLES = ("microphone-denied", "socket-failed", "configuration-expired", "no-playback", "high-latency")


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def html_of(page: Client) -> str:
    return page.get("/voice-test").content.decode()


def config_of(html: str) -> dict[str, Any]:
    found = re.search(r'<script id="page-config" type="application/json">(.*?)</script>', html, re.S)
    assert found
    config: dict[str, Any] = json.loads(found[1])
    return config


def test_a_visitor_is_led_to_the_sign_in_page_and_back(client: Client, db: None) -> None:
    response = client.get("/voice-test")
    assert (response.status_code, response["Location"]) == (302, "/login?next=/voice-test")


def test_the_page_is_read_only_and_sets_the_csrf_cookie(page: Client) -> None:
    assert page.post("/voice-test").status_code == 405
    assert django_settings.CSRF_COOKIE_NAME in page.get("/voice-test").cookies


def test_every_check_is_a_row_that_says_without_scripts_what_it_looks_at(page: Client) -> None:
    html = html_of(page)
    rows = re.findall(r'<li class="check" data-check="(\w+)" data-verdict="waiting">(.*?)</li>', html, re.S)
    assert [name for name, _ in rows] == [check.name for group in GROUPS for check in group.checks]
    for _, row in rows:
        assert re.search(r'data-part="title">[^<]+<', row)
        assert re.search(r'data-part="measured">[^<]+<', row)
        assert re.search(r'data-part="word">Waiting<', row)


def test_the_rows_are_the_checks_that_the_browser_makes() -> None:
    folder = ROOT / "static/js/voice/checks"
    sources = (
        (folder / name).read_text(encoding="utf-8") for name in ("device-checks.js", "server-checks.js")
    )
    made = re.findall(r'\bname: "(\w+)"', "".join(sources))
    assert made == [check.name for group in GROUPS for check in group.checks]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_each_of_the_known_troubles_has_a_section_to_link_to(page: Client, trouble: str) -> None:
    html = html_of(page)
    section = re.search(
        rf'<details class="trouble__one" id="{trouble}">\s*<summary><h3>[^<]+</h3></summary>(.*?)</details>',
        html,
        re.S,
    )
    assert section
    assert section[1].count("<li>") >= 3


def test_the_embedded_engine_charges_nobody_and_is_said_to_be_no_language_model(page: Client) -> None:
    html = html_of(page)
    assert "charged" not in html
    assert "(no language model)" in html


def test_before_the_start_it_is_said_what_a_charging_provider_is_asked_for(
    page: Client, settings: Any
) -> None:
    settings.REALTIME = dataclasses.replace(settings.REALTIME, provider="openai", api_key="sk-test")
    words = " ".join(unescape(html_of(page)).split())
    told = re.search(r"asks (.+?) for one spoken sentence\. Where that is charged for", words)
    assert told
    assert told[1].startswith("OpenAI")
    assert words.index(told[0]) < words.index("<check-list")


def test_where_sessions_are_switched_off_the_check_is_there_and_nobody_to_talk_with(
    page: Client, settings: Any
) -> None:
    settings.REALTIME = dataclasses.replace(settings.REALTIME, enabled=False)
    html = html_of(page)
    assert '<button class="button button--main start__button"' in html
    assert "<voice-mode-panel" not in html
    assert "switched off on this server" in html
    assert config_of(html)["enabled"] is False


def test_the_scripts_learn_how_long_a_ticket_is_good(page: Client, settings: Any) -> None:
    settings.REALTIME = dataclasses.replace(settings.REALTIME, token_expiry_sec=120)
    config = config_of(html_of(page))
    assert config["ticketSeconds"] == 120
    assert config["worklets"].endswith(".js")


def test_nothing_is_inline_that_the_policy_would_refuse(page: Client) -> None:
    html = html_of(page)
    assert not re.search(r"<style|\sstyle=|\son\w+=", html)
    scripts = re.findall(r"<script([^>]*)>", html)
    assert all("src=" in attributes or "application/json" in attributes for attributes in scripts)


def test_no_two_elements_share_an_id_and_every_label_has_its_field(page: Client) -> None:
    html = re.sub(r"<template.*?</template>", "", html_of(page), flags=re.S)
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert sorted(ids) == sorted(set(ids))
    assert set(re.findall(r'(?:for|aria-labelledby|aria-describedby|aria-controls)="([^"]+)"', html)) <= set(
        ids
    )
