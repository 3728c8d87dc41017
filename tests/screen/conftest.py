"""One browser for the tests of the screen, one house for a module of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.parts import require
from tests.rigs.browser import SIZES, Eyes, chromium
from tests.rigs.screen import GUARD, ScreenHouse

Look = Callable[..., Eyes]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A module is never torn apart between processes: it shares its house."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group(f"screen-{item.path.stem}"))


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ends with the last test of this package: only so long this thread has an event loop."""
    require("chromium")
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScreenHouse]:
    with ScreenHouse(tmp_path_factory.mktemp("t")) as made:
        yield made.open()


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def look(browser: Browser, house: ScreenHouse) -> Iterator[Look]:
    """Somebody more who looks at the screen, signed on unless ``guard`` is empty."""
    with ExitStack() as stack:

        def begin(
            language: str = "zh",
            guard: str = GUARD,
            path: str = "/",
            size: tuple[int, int] = SIZES["wide"],
        ) -> Eyes:
            eyes = stack.enter_context(Eyes(browser, house, language, size))
            return eyes.sign_on(guard, path) if guard else eyes

        yield begin


@pytest.fixture
def desk(look: Look, language: str) -> Eyes:
    """The guard at the desk, signed on, in each language."""
    return look(language)
