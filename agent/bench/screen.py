"""screen: the guard's pages and the tap while five pages watch, behind a long past.

Method. A gate stands on a ledger with a million movements (`agent.bench.grown`); the daemon and
``gate-agent console`` are the real ones, each a process of its own; visitors are inside and have
left deposits. Five pages watch in another process (`agent.bench.watchers`): each holds the stream
of events and fetches what the Gate page fetches when there is news.

Pages are asked for in rounds, one after the other, and before each round a card is tapped, so that
the watchers fetch at the same time. A time is from the request to the last byte of the answer, on a
connection of its own; a search is the form, and the page that it leads to, for two characters of a
name. The floor is the Health page of the same round, which has the same frame and reads no ledger.

Taps are given and measured as in `agent.bench.tap`, ten a second. Blocks with the watchers and
without them alternate; the console runs all the time. Its memory is read at the end, while it is
watched.
"""

import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from agent.bench import process, site, tap
from agent.bench.booth import Browser, Console, a_console, enrol, order
from agent.bench.child import READY_S, a_child, says
from agent.bench.figures import Figures, percentile
from agent.bench.grown import Grown, grown
from agent.bench.place import Place
from agent.core.model import Card, CardKind, CardStatus, Credential
from agent.errors import GateError
from agent.simulate import SimulatedGate
from agent.store.ledger import Ledger

WATCHERS = 5
VISITORS = 40
PAGES: Mapping[str, str] = {
    "gate": "/",
    "visitor_out": "/visitor-out",
    "deposits": "/deposits",
    "inside": "/inside",
}
_FLOOR = "/health"
_FIRST = 500_001
_EVERY_S = 0.1
_ROUND_S = 0.4
"""So long a round takes at least: a console does not answer those who ask without a pause."""

Times = dict[str, list[float]]


def run(place: Place, movements: int = 1_000_000, rounds: int = 200, taps: int = 1000) -> Figures:
    """Measure so many rounds of all pages, and ``taps`` taps with and without the watchers."""
    return measure(grown(place, movements), rounds, taps)


def measure(past: Grown, rounds: int, taps: int) -> Figures:
    """The same on a ledger that is there."""
    with site.a_gate(past.place, _settings(past), _fill) as gate:
        site.start(gate)
        enrol(gate)
        _visits(gate)
        with a_console(gate) as console:
            browser = Browser(console.port)
            browser.sign_on()
            pages = _pages(gate, browser, past, rounds)
            taken = _taps(gate, browser, taps)
            with _watched(browser):
                resident = process.resident_mb(console.pid)
            _still(gate, console)
    return {**_page_figures(pages), **_tap_figures(taken), "console_mb": resident}


def _settings(past: Grown) -> site.Page:
    page = dict(site.page(tap.LANES, sensors=False))
    desk = {"driver": "serial", "protocol": "em4100-ascii", "quiet": "0 s", "port": "run:desk"}
    page["readers"] = {**page["readers"], "desk": desk}
    page["desks"] = {"booth": {"readers": ["desk"]}}
    page["console"] = {"state": str(past.index.parent)}
    return page


def _fill(ledger: Ledger) -> None:
    """The cards that are tapped, and those for visitors."""
    stock = [
        Card(
            Credential("em4100", site.digits(_FIRST + n)),
            f"C-{n}",
            CardKind.VISITOR,
            CardStatus.STOCK,
        )
        for n in range(VISITORS)
    ]
    site.stage(ledger, [*site.cards(tap.LANES * tap.BLOCK), *stock])


def _visits(gate: SimulatedGate) -> None:
    """Visitors come, leave a deposit, and go in."""
    for n in range(VISITORS):
        form = {
            "kind": "company",
            "visitor": f"曹{n}",
            "company": "恒信电梯",
            "host": "孙悦",
            "card": f"C-{n}",
            "answer": "host_agreed",
            "hours": 12,
            "deposits": [{"owner": f"曹{n}", "kind": "cash", "amount": 5_000}],
        }
        order(gate, "visit.open", form)
        gate.sim.client.tap_em4100(site.reader(n % tap.LANES + 1), site.digits(_FIRST + n))


@contextmanager
def _watched(browser: Browser) -> Iterator[Callable[[], int]]:
    """The five pages watch; what is given tells how often they have fetched."""
    arguments = (str(browser.port), browser.cookie, str(WATCHERS))
    with a_child("agent.bench.watchers", *arguments) as child:
        yield partial(_fetched, child)


def _fetched(child: subprocess.Popen[bytes]) -> int:
    child.send_signal(signal.SIGUSR1)
    told = says(child, READY_S)
    if not told:
        raise GateError("a watcher lost the console: nothing was measured; see above")
    return int(told)


def _pages(gate: SimulatedGate, browser: Browser, past: Grown, rounds: int) -> Times:
    chance = random.Random(7)  # noqa: S311 - the same people in every run
    csrf = browser.csrf("/search")
    took: Times = {name: [] for name in ("floor", *PAGES, "search")}
    with _watched(browser) as fetched:
        for number in range(rounds):
            due = time.monotonic() + _ROUND_S
            card = site.digits(number % (tap.LANES * tap.BLOCK) + 1)
            gate.sim.client.tap_em4100(site.reader(number % tap.LANES + 1), card)
            asks = {name: partial(browser.get, path) for name, path in PAGES.items()}
            asks |= {"floor": partial(browser.get, _FLOOR)}
            asks |= {"search": partial(_search, browser, csrf, chance.choice(past.everybody).name)}
            for name, ask in asks.items():
                took[name].append(_timed(ask))
            time.sleep(max(0.0, due - time.monotonic()))
        if not fetched():
            raise GateError("the watchers heard of no tap: nothing was measured")
    return took


def _search(browser: Browser, csrf: str, name: str) -> str:
    page = browser.get(browser.post("/search", {"do": "find", "person": name[:2]}, csrf))
    if "<table" not in page:
        raise GateError("somebody who came and went is not found: nothing was measured")
    return page


def _taps(gate: SimulatedGate, browser: Browser, taps: int) -> Times:
    side = tap.ours(gate)
    took: Times = {"alone": [], "watched": []}
    side.rest()
    tap.block(side, 0, min(tap.BLOCK, taps), _EVERY_S)
    for first in range(0, taps, tap.BLOCK):
        count = min(tap.BLOCK, taps - first)
        took["alone"] += tap.block(side, first, count, _EVERY_S)
        with _watched(browser) as fetched:
            took["watched"] += tap.block(side, first, count, _EVERY_S)
            if not fetched():
                raise GateError("the watchers heard of no tap: nothing was measured")
    return took


def _still(gate: SimulatedGate, console: Console) -> None:
    """Both processes are those that were begun with."""
    site.pid(gate)
    process.resident_mb(console.pid)


def _page_figures(took: Mapping[str, Sequence[float]]) -> Figures:
    made = {f"{name}_p50_ms": percentile(times, 0.5) / 1e3 for name, times in took.items()}
    made |= {f"{name}_p99_ms": percentile(times, 0.99) / 1e3 for name, times in took.items()}
    worst = max(made[f"{name}_p50_ms"] for name in took if name != "floor")
    return {**made, "pages_ratio": worst / made["floor_p50_ms"]}


def _tap_figures(took: Mapping[str, Sequence[float]]) -> Figures:
    made = {f"tap_{name}_p50_us": percentile(times, 0.5) for name, times in took.items()}
    made |= {f"tap_{name}_p99_us": percentile(times, 0.99) for name, times in took.items()}
    for share in ("p50", "p99"):
        made[f"tap_ratio_{share}"] = made[f"tap_watched_{share}_us"] / made[f"tap_alone_{share}_us"]
    return made


def _timed(ask: Callable[[], object]) -> float:
    """Microseconds."""
    began = time.perf_counter_ns()
    ask()
    return (time.perf_counter_ns() - began) / 1000
