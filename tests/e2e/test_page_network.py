"""The network between the page and the site goes away and comes back, and so does the site."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, Route, expect

from tests.e2e.conftest import ROOMY
from tests.e2e.known_visitor import KnownVisitor
from tests.support.broken_network import BrokenNetwork, broken_network
from tests.support.chat_browser import SESSION, ChatBrowser, browser_with, microphone_file, windows_of
from tests.support.manage_program import free_port
from tests.support.mouth import give_mouth, hear_mouth_alone
from tests.support.running_site import RunningSite, running_site
from tests.support.settled import wait_for_value

pytestmark = pytest.mark.e2e

BY_ITSELF = "() => SESSION.status === 'connected' && SESSION.figures.reconnects === COUNT"


@dataclass
class Place:
    """A site behind a network that can break, and a browser before it."""

    network: BrokenNetwork
    site: RunningSite
    home: RunningSite
    _running: ExitStack

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The site has stopped, as for a restart; in the end it is there again, on the same port."""
        self.site.stop()
        try:
            yield
        finally:
            self._running.close()
            self.site = self._running.enter_context(_serving(self.home, self.network))

    def visited_by(self, browser: Browser) -> ChatBrowser:
        return KnownVisitor(browser, replace(self.home, port=self.network.port))


@contextmanager
def _serving(home: RunningSite, network: BrokenNetwork) -> Iterator[RunningSite]:
    with running_site(home.home, ROOMY | {"PUBLIC_URL": network.url}, port=network.to_port) as running:
        yield running


@pytest.fixture(scope="module")
def place(site: RunningSite) -> Iterator[Place]:
    with broken_network(free_port()) as network, ExitStack() as running:
        first = running.enter_context(_serving(site, network))
        yield Place(network, first, site, running)


@pytest.fixture(scope="module")
def machine(
    playwright: Playwright, chromium: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """A Chromium whose microphone hears somebody a second after it was opened."""
    microphone = microphone_file(
        tmp_path_factory.mktemp("sound") / "microphone.wav", [1.0, "goforward.wav", 60.0]
    )
    with browser_with(playwright, chromium, microphone) as running:
        yield running


@pytest.fixture
def browser(machine: Browser) -> Iterator[Browser]:
    with windows_of(machine) as shared:
        yield shared


def wait_for_return(chat: ChatBrowser, count: int = 1) -> None:
    """Wait until the page has connected again by itself."""
    chat.page.wait_for_function(BY_ITSELF.replace("SESSION", SESSION).replace("COUNT", str(count)))


def words_of(chat: ChatBrowser) -> list[tuple[str, str]]:
    return [(line["role"], line["text"]) for line in chat.lines]


def test_typing_goes_on_by_itself_after_the_network_was_lost_and_nothing_is_there_twice(
    browser: Browser, place: Place
) -> None:
    chat = place.visited_by(browser)
    chat.write("my name is Ada")
    chat.wait_for_line("assistant", "final")
    conversation = chat.page.url
    place.network.cut()
    chat.wait_for_phase("reconnecting")
    chat.write("what did i say")
    place.network.mend()
    wait_for_return(chat)
    chat.wait_for_line("assistant", "final", 2)
    assert chat.page.url == conversation
    said = [text for role, text in words_of(chat) if role == "user"]
    assert said == ["my name is Ada", "what did i say"]
    assert "my name is Ada" in chat.lines[3]["text"], "the assistant remembers"
    shown = chat.lines
    chat.wait_until_saved()
    chat.page.reload()
    wait_for_value(chat.page, lambda: chat.lines, shown)


def test_a_question_whose_answer_was_lost_on_the_way_is_answered_and_stored_once(
    browser: Browser, place: Place
) -> None:
    chat = place.visited_by(browser)
    chat.write("hello")
    chat.wait_for_line("assistant", "final")
    chat.wait_until_saved()
    place.network.hold_answers()
    chat.write("what is two plus three")
    place.network.wait_until_held()
    place.network.cut()
    place.network.mend()
    wait_for_return(chat)
    chat.wait_for_line("assistant", "final", 2)
    wait_for_value(
        chat.page,
        lambda: [text for role, text in words_of(chat) if role == "user"],
        ["hello", "what is two plus three"],
    )
    assert "5" in chat.lines[3]["text"] or "five" in chat.lines[3]["text"].lower()
    chat.wait_until_saved()
    chat.page.reload()
    wait_for_value(
        chat.page,
        lambda: [text for role, text in words_of(chat) if role == "user"],
        ["hello", "what is two plus three"],
    )


def test_what_is_said_while_the_network_is_lost_is_heard_afterwards(browser: Browser, place: Place) -> None:
    chat = place.visited_by(browser)
    chat.write("hello")
    chat.wait_for_line("assistant", "final")
    chat.start_voice()
    chat.wait_for_microphone()
    place.network.cut()
    chat.wait_for_phase("reconnecting")
    assert chat.session("state.microphone") is True, "it stays open"
    # Somebody speaks meanwhile.
    chat.page.wait_for_function(f"() => {SESSION}.levels.user > 0.05")
    place.network.mend()
    wait_for_return(chat)
    chat.wait_for_line("user", "final", 2)
    wait_for_value(chat.page, lambda: words_of(chat)[2], ("user", "go forward ten meters"))
    wait_for_value(chat.page, lambda: chat.session("state.resumed"), True)


def test_a_sentence_that_is_cut_in_its_middle_is_one_turn_and_whole(browser: Browser, place: Place) -> None:
    chat = speaking_at(place, browser)
    # The first words went up, and seconds pass before the rest can.
    chat.page.evaluate("() => { window.said = mouth.say(); }")
    chat.page.wait_for_function(f"() => {SESSION}.isSpeaking")
    place.network.cut()
    chat.wait_for_phase("reconnecting")
    chat.page.evaluate("() => window.said")
    place.network.mend()
    wait_for_return(chat)
    assert_one_turn(chat)


def test_what_is_said_before_anybody_knows_that_the_network_is_dead_is_heard(
    browser: Browser, place: Place
) -> None:
    chat = speaking_at(place, browser)
    place.network.strand()
    chat.page.evaluate("() => mouth.say()")
    assert chat.session("status") == "connected", "nobody knows yet"
    wait_for_return(chat)
    assert_one_turn(chat)


def test_an_answer_that_is_cut_in_its_middle_is_heard_to_its_end(browser: Browser, place: Place) -> None:
    whole = speaking_at(place, browser)
    whole.write("what is two plus three")
    wait_for_silence(whole, answers=2)
    chat = speaking_at(place, browser)
    place.network.hold_answers()
    chat.write("what is two plus three")
    place.network.wait_until_held()
    place.network.cut()
    place.network.mend()
    wait_for_return(chat)
    wait_for_silence(chat, answers=2)
    assert words_of(chat) == words_of(whole)
    assert bytes_of_the_last_answer(chat) == bytes_of_the_last_answer(whole), (
        "nothing is missing or came twice"
    )
    wait_for_value(chat.page, lambda: chat.session("state.resumed"), True)
    assert_the_same_after_reload(chat)


def test_a_server_that_restarts_ends_its_answer_first_and_the_talk_goes_on(
    browser: Browser, place: Place
) -> None:
    chat = speaking_at(place, browser)
    chat.write("what is two plus three")
    chat.wait_for_phase("speaking")
    with place.stopped():
        pass
    wait_for_return(chat)
    wait_for_silence(chat, answers=2)
    wait_for_value(chat.page, lambda: [line["status"] for line in chat.lines], ["final"] * 4)
    chat.page.evaluate("() => mouth.say()")
    chat.wait_for_line("user", "final", 3)
    wait_for_value(chat.page, lambda: words_of(chat)[4], ("user", "what did i say"))
    assert_the_same_after_reload(chat)


def speaking_at(place: Place, browser: Browser) -> ChatBrowser:
    """Somebody who has talked before and can say "what did I say" by `mouth.say()`, which has a short answer."""
    chat = place.visited_by(browser)
    chat.write("hello")
    chat.wait_for_line("assistant", "final")
    give_mouth(chat.page, ["slt-what-did-i-say.wav"])
    hear_mouth_alone(chat.page)
    chat.start_voice()
    chat.wait_for_microphone()
    return chat


def bytes_of_the_last_answer(chat: ChatBrowser) -> int:
    """How much sound of it came. The embedded engine says the same thing in the same way."""
    last = f"{SESSION}.lines.filter(line => line.role === 'assistant').pop().item_id"
    return int(chat.page.evaluate(f"() => {SESSION}.replays.wav({last}).size"))


def wait_for_silence(chat: ChatBrowser, *, answers: int) -> None:
    """Wait until that many answers are there and nothing sounds any more."""
    chat.wait_for_line("assistant", "final", answers)
    chat.page.wait_for_function(f"() => {SESSION}.state.playing === '' && !{SESSION}.player.isAudible")


def assert_one_turn(chat: ChatBrowser) -> None:
    """What the mouth says became one turn, in the same session, and is stored as it is shown."""
    chat.wait_for_line("user", "final", 2)
    wait_for_value(
        chat.page,
        lambda: [text for role, text in words_of(chat) if role == "user"],
        ["hello", "what did i say"],
    )
    wait_for_value(chat.page, lambda: chat.session("state.resumed"), True)
    assert_the_same_after_reload(chat)


def assert_the_same_after_reload(chat: ChatBrowser) -> None:
    wait_for_silence(chat, answers=len([line for line in chat.lines if line["role"] == "user"]))
    chat.wait_until_saved()
    shown = words_of(chat)
    chat.page.reload()
    wait_for_value(chat.page, lambda: words_of(chat), shown)


def test_a_site_that_stops_is_told_and_waited_for_and_what_was_said_stays(
    browser: Browser, place: Place
) -> None:
    chat = place.visited_by(browser)
    chat.write("hello")
    chat.wait_for_line("assistant", "final")
    silent = place.visited_by(browser)
    with place.stopped():
        chat.wait_for_phase("reconnecting")
        chat.page.wait_for_selector(".notice >> text=Reconnecting")
        expect(chat.page.locator(".notice")).to_have_count(1)
        wait_for_value(chat.page, lambda: len(chat.lines), 2)
        silent.write("are you there")
        silent.page.wait_for_selector("text=The server could not be reached.")
        expect(silent.page.get_by_role("button", name="Try again")).to_be_visible()
        wait_for_value(silent.page, lambda: silent.lines[-1]["status"], "unsent")
        chat.write("what did i say")
    wait_for_return(chat)
    chat.wait_for_line("assistant", "final", 2)
    wait_for_value(
        chat.page,
        lambda: [text for role, text in words_of(chat) if role == "user"],
        ["hello", "what did i say"],
    )


def test_a_ticket_that_was_spent_before_it_was_shown_is_replaced_by_itself(
    browser: Browser, place: Place
) -> None:
    chat = place.visited_by(browser)
    issued: list[str] = []

    def spend(route: Route) -> None:
        answer = route.fetch()
        config = answer.json()
        issued.append(config["api_key"])
        if len(issued) == 1:
            config["api_key"] = "ek_that_has_expired"
        route.fulfill(response=answer, json=config)

    chat.page.route("**/api/voice/realtime-session", spend)
    chat.write("hello")
    chat.wait_for_line("assistant", "final")
    assert len(issued) == 2
    wait_for_value(chat.page, lambda: [text for role, text in words_of(chat) if role == "user"], ["hello"])
    assert chat.page.locator(".notice").count() == 0


def test_voice_that_could_not_start_without_network_starts_when_it_is_tried_again(
    browser: Browser, place: Place
) -> None:
    chat = place.visited_by(browser)
    chat.page.wait_for_selector("#composer-field:not([disabled])")
    chat.page.context.set_offline(True)
    chat.page.click("[data-part=voice]")
    chat.page.wait_for_selector("dock-notice [data-part=again]:visible")
    expect(chat.page.locator("dock-notice [data-part=sentence]")).to_contain_text(
        "could not be reached", use_inner_text=True
    )
    assert chat.page.locator(".notice").count() == 0, "it is told in one place"
    wait_for_value(chat.page, "() => document.activeElement.dataset.part", "again")
    chat.page.context.set_offline(False)
    chat.page.keyboard.press("Enter")
    chat.page.wait_for_selector("voice-mode-panel:not([hidden])")
    chat.wait_for_microphone()
    chat.wait_for_line("user", "final")
    wait_for_value(chat.page, lambda: words_of(chat)[0], ("user", "go forward ten meters"))
    expect(chat.page.locator("dock-notice [data-part=body]")).to_be_hidden()
