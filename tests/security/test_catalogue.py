"""What a server of this kind has to see to, item by item, and the tests that show that this one does.

The numbers are those of OWASP's ASVS 5.0; WS are the items of OWASP's WebSocket cheat sheet. A test that is renamed or
removed takes its item with it, and this fails.
"""

import ast
from functools import cache

import pytest

from tests.support.project_files import ROOT

CATALOGUE: dict[str, tuple[str, ...]] = {
    # Sockets
    "4.4.1 sockets are encrypted": (
        "security/test_production.py::test_the_socket_of_an_encrypted_page_is_encrypted",
        "realtime/test_services.py::test_the_socket_is_wss_behind_https",
        "voiceassist/test_checks.py::test_words_travel_encrypted",
    ),
    "4.4.2 pages of other sites open none": (
        "security/test_origins.py::test_who_may_not",
        "faults/test_security_doors.py::test_another_sites_page_opens_nothing_with_the_cookie_of_a_browser",
    ),
    "4.4.3-4 a ticket comes from an authenticated request": (
        "realtime/test_api.py::test_without_a_credential_there_is_no_session",
        "realtime/test_api.py::test_a_get_is_not_a_request_for_a_session",
        "faults/test_security_doors.py::test_tickets_that_are_not_good_all_meet_the_same_answer",
    ),
    # Sessions
    "7.2.3 tickets cannot be guessed and are not stored": (
        "realtime/test_tickets.py::test_a_ticket_holds_256_random_bits_in_characters_that_a_subprotocol_may_hold",
        "realtime/test_services.py::test_only_a_digest_of_the_ticket_is_stored",
    ),
    "7.3.1 a session in which nothing is said ends": (
        "realtime/protocol/test_core_end.py::test_a_session_in_which_nothing_is_said_ends",
        "realtime/protocol/test_core_end.py::test_silence_from_the_microphone_is_not_activity",
    ),
    "7.3.2 no session lasts for ever": (
        "security/test_session_length.py::test_it_ends_after_so_many_hours_and_not_before",
        "security/test_session_length.py::test_coming_back_does_not_make_it_longer",
    ),
    "7.4.1-2 signing out or closing an account ends its sockets": (
        "faults/test_security_ends.py::test_an_open_socket_is_closed_at_once_and_nobody_elses",
        "faults/test_security_ends.py::test_another_process_learns_of_it_over_redis",
        "faults/test_security_ends.py::test_without_redis_another_process_learns_of_it_by_its_lease",
        "realtime/test_account_changes.py::test_it_ends_what_was_opened_before",
    ),
    "7.4.5 an administrator can end sessions": (
        "realtime/test_admin_sessions.py::test_the_button_on_its_page_ends_a_session_and_is_gone_when_it_is_over",
        "faults/test_security_ends.py::test_an_open_socket_is_closed_at_once_and_nobody_elses",
    ),
    # Tokens
    "9.1.2 tokens are signed as ours are": (
        "security/test_jwt.py::test_the_api_lets_nobody_in",
        "security/test_jwt.py::test_the_socket_lets_nobody_in",
        "security/test_jwt.py::test_the_key_is_long_and_the_algorithm_is_one",
    ),
    "9.2.1-3 tokens are in time, of the right kind, and meant for us": (
        "security/test_jwt.py::test_the_api_lets_nobody_in",
        "security/test_jwt.py::test_nothing_forged_is_renewed_or_withdrawn",
        "faults/test_security_ends.py::test_no_token_from_before_opens_anything_afterwards",
        "faults/test_security_ends.py::test_of_eight_who_renew_one_token_at_once_one_gets_another",
    ),
    # Data
    "14.2.1 nothing secret is in an address": (
        "security/test_production.py::test_the_socket_of_an_encrypted_page_is_encrypted",
        "e2e/test_page_keeps_nothing.py::test_no_word_no_ticket_and_no_session_is_kept",
        "realtime/test_canary.py::test_keys_and_tickets_are_found_nowhere",
    ),
    "14.2.6 nobody meets what is somebody else's": (
        "api/test_other_peoples_ids.py::test_a_stranger_meets_nothing_at_alices_ids",
        "api/test_other_peoples_ids.py::test_somebody_has_decided_what_stands_in_every_address",
        "faults/test_security_doors.py::test_somebody_elses_things_look_like_none",
    ),
    "14.3.1-3 browsers keep no word": (
        "security/test_responses.py::test_every_kind_of_answer_is_guarded",
        "e2e/test_page_keeps_nothing.py::test_no_word_no_ticket_and_no_session_is_kept",
        "e2e/test_page_keeps_nothing.py::test_after_signing_out_going_back_shows_nothing",
        "voiceassist/test_accounts.py::test_browsers_are_asked_to_forget_what_they_kept_of_somebody_who_signs_out",
    ),
    "14.2.7 what has been kept long enough goes by itself": (
        "conversations/test_retention.py::test_the_limit_is_days_of_24_hours_to_the_moment",
        "conversations/test_retention.py::test_no_trace_of_what_was_purged_is_left",
    ),
    # Pages
    "3.2.2 words are shown as words": (
        "api/test_hostile_content.py::test_in_a_browser_no_word_is_run",
        "api/test_hostile_content.py::test_no_answer_of_the_api_can_be_taken_for_a_page",
        "conversations/test_exports_hostile.py::test_the_corpus_stays_words",
    ),
    "3.3.1-4 cookies belong to this host and travel encrypted": (
        "security/test_production.py::test_cookies_belong_to_this_host_alone_and_travel_encrypted",
    ),
    "3.4.1-6 every answer says what browsers must not do": (
        "security/test_responses.py::test_every_kind_of_answer_is_guarded",
        "security/test_responses.py::test_so_is_a_fault_of_ours_which_tells_nothing",
        "security/test_responses.py::test_so_is_who_comes_too_often",
        "security/test_production.py::test_everything_is_told_to_be_encrypted",
        "security/test_production.py::test_files_say_what_they_are_and_drawings_run_nothing",
    ),
    "3.5.1-3 nothing is done for a cookie alone": (
        "security/test_forgery.py::test_a_cookie_alone_changes_nothing",
    ),
    # Input and use
    "2.2.1-2 what comes in is looked at here": (
        "realtime/protocol/test_policy.py::test_arbitrary_json_is_admitted_or_refused_and_nothing_else",
        "realtime/protocol/test_policy.py::test_whatever_passes_is_what_the_realtime_api_takes",
        "api/test_fuzzing.py::test_every_answer_is_as_described",
    ),
    "2.3.4 what is limited is not given twice": (
        "realtime/test_services.py::test_fifty_at_once_with_one_ticket_open_one_session",
        "realtime/test_services.py::test_two_tickets_redeemed_at_once_on_one_conversation_leave_one_live_session",
        "faults/test_security_doors.py::test_of_fifty_who_come_with_one_ticket_one_is_let_in",
    ),
    "2.4.1 machines do not get more than people": (
        "faults/test_security_doors.py::test_however_many_sessions_are_asked_for_the_limit_holds_exactly",
        "voiceassist/test_accounts.py::TestGuessing",
        "voiceassist/test_accounts.py::TestWithoutTheCache",
    ),
    # Logs and errors
    "16.2.5 no secret is in a log": (
        "realtime/test_canary.py::test_keys_and_tickets_are_found_nowhere",
        "voiceassist/test_logs.py::TestASecret",
        "faults/test_security_keeping.py::test_the_providers_key_is_found_nowhere",
    ),
    "16.4.1 no line of a log can be forged": (
        "security/test_production.py::test_no_line_of_the_log_can_be_forged",
    ),
    "16.3.1-3 who came in and who did not is logged": ("voiceassist/test_accounts.py::TestTheLog",),
    "16.5.1-4 errors tell nothing, and nothing falls through": (
        "security/test_responses.py::test_no_error_tells_how_we_are_built",
        "voiceassist/test_api_errors.py::test_an_unexpected_failure_tells_an_id_that_the_log_has_and_nothing_else",
        "faults/test_upstream.py::test_an_upstream_that_refuses_is_told_with_what_can_be_done",
    ),
    # The WebSocket cheat sheet, as far as it is not said above
    "WS compression is off": ("voiceassist/management/test_server.py::test_audio_is_not_compressed",),
    "WS frames have a largest size": (
        "realtime/protocol/test_core_client.py::test_a_frame_that_is_too_large_closes_with_1009",
        "voiceassist/management/test_server.py::test_a_frame_over_the_limit_closes_the_socket_with_1009",
    ),
    "WS frames have a largest rate": (
        "faults/test_security_floods.py::test_a_flood_of_small_events_is_read_at_its_pace_and_harms_nobody",
        "realtime/protocol/test_core_client.py::test_audio_that_comes_too_fast_for_too_long_closes_with_4429",
    ),
    "WS one person has a largest number": (
        "realtime/test_services.py::test_tickets_redeemed_at_once_do_not_pass_the_cap",
    ),
    "WS who does not answer is let go": (
        "faults/test_client.py::test_a_client_that_answers_no_ping_is_let_go_in_time",
    ),
    "WS who does not read is held back": (
        "realtime/test_relay.py::test_while_upstream_does_not_read_a_client_is_held_back_and_memory_stays_bounded",
        "realtime/test_relay.py::test_a_client_that_takes_nothing_is_closed_with_4408",
    ),
    "WS every message is allowed by name": (
        "realtime/protocol/test_policy.py::test_every_other_event_is_refused_by_name",
        "faults/test_security_keeping.py::test_a_client_cannot_speak_for_the_server",
    ),
    "WS what happens is on record": (
        "faults/test_security_keeping.py::test_every_look_of_a_reviewer_is_on_record_and_stays_there",
        "realtime/test_account_changes.py::test_the_log_names_the_account_by_number",
    ),
}


@cache
def _tests_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {
        node.name for node in tree.body if isinstance(node, kinds) and node.name.lower().startswith("test")
    }


@pytest.mark.parametrize("item", CATALOGUE)
def test_an_item_has_tests_that_exist(item: str) -> None:
    assert CATALOGUE[item], item
    for test in CATALOGUE[item]:
        file, name = test.split("::")
        assert name in _tests_in(file), f"{test} is not there"


def test_the_catalogue_is_whole() -> None:
    """Every number of the list that this was begun from."""
    wanted = {
        *("4.4.1", "4.4.2", "4.4.3-4", "7.2.3", "7.3.1", "7.3.2", "7.4.1-2", "7.4.5", "9.1.2", "9.2.1-3"),
        *("14.2.1", "14.2.6", "14.3.1-3", "14.2.7", "3.2.2", "3.3.1-4", "3.4.1-6", "3.5.1-3", "2.2.1-2"),
        *("2.3.4", "2.4.1", "16.2.5", "16.4.1", "16.3.1-3", "16.5.1-4"),
    }
    numbers = [item.split()[0] for item in CATALOGUE]
    assert set(numbers) - {"WS"} == wanted
    assert numbers.count("WS") == 8


def test_every_test_of_this_room_belongs_to_an_item() -> None:
    """A test here that no item names is one that nobody would miss."""
    named = {test for tests in CATALOGUE.values() for test in tests}
    files = {test.split("::")[0] for test in named}
    here = {f"security/{path.name}" for path in (ROOT / "tests/security").glob("test_*.py")}
    assert here - files == {"security/test_catalogue.py"}
