"""The page that shows what the last days came to: six charts, the sums above them, and the same numbers in tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone

from realtime.admin import charts
from realtime.admin.figures import in_dollars, in_words, soon_in_words
from realtime.usage_report import Share, UsageReport, usage_report

RANGES = (7, 30, 90)
USUAL_RANGE = 30


def contents(asked: Mapping[str, str]) -> dict[str, Any]:
    """What the page shows for the `days` and `provider` of its address; what is none of its choices is left unsaid."""
    days = next((n for n in RANGES if str(n) == asked.get("days")), USUAL_RANGE)
    report = usage_report(days=days, now=timezone.now(), provider=asked.get("provider", ""))
    providers = ("", *report.providers)
    return {
        "choices": (
            [_Choice(f"{n} days", n == days, n, report.provider) for n in RANGES],
            [_Choice(name or "all providers", name == report.provider, days, name) for name in providers],
        ),
        "totals": _totals(report.total),
        "drawn": [_drawn(kind, report) for kind in KINDS],
        "days": [(day, _cells(share)) for day, share in reversed(report.days.items())],
        "models": [(*names, _cells(share)) for names, share in report.models.items()],
        "all": _cells(report.total),
        "faults": report.faults,
    }


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of several views on the same page."""

    words: str
    is_chosen: bool
    days: int
    provider: str

    @property
    def query(self) -> str:
        return urlencode({"days": self.days} | ({"provider": self.provider} if self.provider else {}))


@dataclass(frozen=True, slots=True)
class _Total:
    """A sum over all the days, and what has to be known beside it."""

    name: str
    value: str
    beside: str = ""


def _totals(total: Share) -> list[_Total]:
    sums, wait = total.figures, total.first_audio
    return [
        _Total("Talking time", _talked(total)),
        _Total("Sessions", f"{sums.sessions:,}"),
        _Total("Estimated cost", _spent(total), _unpriced(sums.unpriced)),
        _Total("Errors", f"{sums.faults:,}", _share(sums.faults, sums.sessions)),
        _Total(
            "First sound",
            soon_in_words(wait.median_ms if wait else None) or "–",
            f"{soon_in_words(wait.slowest_ms)} at the slowest" if wait else "nothing measured",
        ),
        _Total("Ratings", f"{sums.good:,} good", f"{sums.bad:,} bad, {sums.unrated:,} said nothing"),
    ]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One chart: what it is called, what it shows of a day, and how its numbers are written."""

    name: str
    note: str
    of: Callable[[date, Share], charts.Day]
    write: Callable[[float], str]
    least_step: float = 1.0


def _drawn(kind: _Kind, report: UsageReport) -> tuple[_Kind, charts.Chart]:
    days = [kind.of(day, share) for day, share in report.days.items()]
    return kind, charts.bar_chart(days, write=kind.write, least_step=kind.least_step)


def _minutes(day: date, share: Share) -> charts.Day:
    return charts.Day(day, share.figures.talked.total_seconds() / 60, _talked(share))


def _sessions(day: date, share: Share) -> charts.Day:
    return charts.Day(day, share.figures.sessions, f"{share.figures.sessions:,}")


def _cost(day: date, share: Share) -> charts.Day:
    words = (_spent(share), _unpriced(share.figures.unpriced))
    return charts.Day(day, share.figures.cost_usd, ", ".join(filter(None, words)))


def _errors(day: date, share: Share) -> charts.Day:
    return charts.Day(day, share.figures.faults, f"{share.figures.faults:,} of {share.figures.sessions:,}")


def _first_audio(day: date, share: Share) -> charts.Day:
    wait = share.first_audio
    if wait is None:
        return charts.Day(day, None, "nothing measured")
    words = f"{soon_in_words(wait.median_ms)}, {soon_in_words(wait.slowest_ms)} at the slowest"
    return charts.Day(day, wait.median_ms, words, reaches=wait.slowest_ms)


def _ratings(day: date, share: Share) -> charts.Day:
    sums = share.figures
    words = f"{sums.good:,} good, {sums.bad:,} bad, {sums.unrated:,} said nothing"
    return charts.Day(day, sums.good, words, below=sums.bad)


def _whole(number: float) -> str:
    return f"{number:,.0f}"


def _tenths(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}".removesuffix(".0")


def _dollars(amount: float) -> str:
    return f"${amount:,.0f}" if amount >= 10 or not amount else f"${amount:.2f}"


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds else "0"


KINDS = (
    _Kind("Talking time", "minutes", _minutes, _tenths),
    _Kind("Sessions", "opened on the day", _sessions, _whole),
    _Kind("Estimated cost", "US dollars", _cost, _dollars, least_step=0.01),
    _Kind("Errors", "sessions that something broke for", _errors, _whole),
    _Kind("First sound", "bar: median; line: the slowest", _first_audio, _seconds, least_step=100),
    _Kind("Ratings", "good above the line, bad below", _ratings, _whole),
)


def _cells(share: Share) -> list[str]:
    """A row of the tables: the numbers of the charts, in their order."""
    sums, wait = share.figures, share.first_audio
    return [
        _talked(share),
        f"{sums.sessions:,}",
        _spent(share),
        f"{sums.unpriced:,}",
        f"{sums.faults:,}",
        soon_in_words(wait.median_ms if wait else None) or "–",
        soon_in_words(wait.slowest_ms if wait else None) or "–",
        f"{sums.good:,}",
        f"{sums.bad:,}",
    ]


def _talked(share: Share) -> str:
    return in_words(share.figures.talked.total_seconds()) or ""


def _spent(share: Share) -> str:
    """Nothing is said where all there is has no known price."""
    sums = share.figures
    return "not known" if sums.unpriced and not sums.cost_usd else in_dollars(sums.cost_usd)


def _unpriced(sessions: int) -> str:
    if not sessions:
        return ""
    return (
        "1 session without a known price" if sessions == 1 else f"{sessions:,} sessions without a known price"
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%} of the sessions" if whole else ""
