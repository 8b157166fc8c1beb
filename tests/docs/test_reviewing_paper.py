"""docs/reviewing.md, which people set their server up by: its permissions, its recipe and its commands exist."""

import re
import shlex

import pytest
import uvicorn
from django.contrib.auth.models import Group, Permission, User
from django.core.management import get_commands
from rest_framework.test import APIClient

from tests.support.paper_examples import examples_in
from tests.support.project_files import ROOT
from voiceassist.management.server import configuration

PAPER = (ROOT / "docs/reviewing.md").read_text(encoding="utf-8")


@pytest.mark.django_db
def test_every_permission_it_names_exists() -> None:
    named = set(re.findall(r"\| `(\w+)\.(\w+)` \|$", PAPER, re.M))
    assert len(named) >= 6
    assert named <= set(Permission.objects.values_list("content_type__app_label", "codename"))


@pytest.mark.django_db
def test_its_recipe_makes_a_group_whose_members_may_review(alice: User) -> None:
    recipe = next(each.source for each in examples_in(PAPER, "sh") if "manage.py shell" in each.source)
    exec(shlex.split(recipe)[-1])  # noqa: S102 - it is what the paper tells people to run
    alice.is_staff = True
    alice.save()
    alice.groups.set([Group.objects.get(name="Reviewers")])
    client = APIClient()
    client.force_authenticate(alice)
    assert client.get("/api/review/conversations/").status_code == 200
    for verb in ("view", "review", "export"):
        assert alice.has_perm(f"conversations.{verb}_conversation")
    assert not alice.has_perm("conversations.view_transcriptaccess")


def test_the_server_keeps_no_access_log_and_another_one_can_be_told_so() -> None:
    flags = {flag for option in uvicorn.main.params for flag in (*option.opts, *option.secondary_opts)}
    named = set(re.findall(r"`(--no-[a-z-]+)`", PAPER))
    assert "--no-access-log" in named
    assert named <= flags
    assert not configuration(None, trusted_proxies=()).access_log


def test_every_command_it_names_exists() -> None:
    named = set(re.findall(r"manage\.py (\w+)", PAPER))
    assert {"purge_transcripts", "clearsessions", "flushexpiredtokens"} <= named
    assert named <= set(get_commands())
