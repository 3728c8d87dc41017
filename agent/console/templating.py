"""Templates: one environment for each language, everything escaped, faults loud."""

from collections.abc import Mapping
from pathlib import Path

import jinja2

from agent.console.words import Words

_PLACE = Path(__file__).parent / "templates"


def environment(words: Words, extra: Mapping[str, object]) -> jinja2.Environment:
    """The templates in one language. Filters are what `Words` makes of numbers and times."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PLACE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    # The extension above puts this into the environment; Jinja2's types do not know of it.
    install = made.install_gettext_callables  # type: ignore[attr-defined]
    install(words, words.many, newstyle=True)
    made.globals |= {"words": words, **extra}
    for name in ("clock", "minute", "day", "moment", "full", "span", "money", "count"):
        made.filters[name] = getattr(words, name)
    return made
