"""Words of the screen in two languages; dates, times and money as each of them writes it.

Rules kept here:
- a msgid is the English sentence; the catalogues are ``locale/{language}/*.po``, all files of a
  language together, read as they are when the console starts, so that nothing compiled is kept;
- what has no translation stays English; a test says what is missing;
- times are µs wall time UTC and are shown as the gate's local time; money is in minor units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal

LANGUAGES: Mapping[str, str] = {"zh": "中文", "en": "English"}
"""The languages, the first one as the default, with their own names."""
FIRST = "zh"
_PLACE = Path(__file__).parent / "locale"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools look for
    """Marks a text that is translated where it is shown."""
    return text


@dataclass(frozen=True)
class Words:
    """One language at one gate; calling it translates."""

    language: str
    timezone: tzinfo
    texts: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, text: str) -> str:
        """The text in this language; itself where there is none."""
        return self.texts.get(text) or text

    def filled(self, text: str, values: Mapping[str, object]) -> str:
        """Translate a template (``%(name)s``) and put the values in."""
        try:
            return self(text) % values
        except (KeyError, TypeError, ValueError):
            return self(text)

    def many(self, one: str, more: str, count: int) -> str:
        """``one`` or ``more`` by the count; Chinese has one form, under the msgid of ``one``."""
        if self.language == "zh":
            return self(one)
        return self(one if count == 1 else more)

    @property
    def locale(self) -> Locale:
        """Babel's idea of the language."""
        return Locale.parse("zh_Hans_CN" if self.language == "zh" else "en_GB")

    def local(self, us: int) -> datetime:
        """The gate's local time."""
        return (_EPOCH + timedelta(microseconds=us)).astimezone(self.timezone)

    def clock(self, us: int) -> str:
        """``14:32:07``."""
        return format_time(self.local(us), "HH:mm:ss", locale=self.locale)

    def minute(self, us: int) -> str:
        """``14:32``."""
        return format_time(self.local(us), "HH:mm", locale=self.locale)

    def day(self, us: int) -> str:
        """``2026年11月22日``, ``22 Nov 2026``."""
        return format_date(self.local(us), "medium", locale=self.locale)

    def moment(self, us: int) -> str:
        """Day and minute, the year left out: ``11-22 14:32``, ``22 Nov 14:32``."""
        pattern = "MM-dd HH:mm" if self.language == "zh" else "d MMM HH:mm"
        return format_datetime(self.local(us), pattern, locale=self.locale)

    def full(self, us: int) -> str:
        """Day, year and second, for paper and evidence."""
        return self.local(us).strftime("%Y-%m-%d %H:%M:%S")

    def span(self, seconds: float) -> str:
        """A length of time in two units at most: ``2 h 10 min``, ``3:40``, ``12 s``."""
        whole = max(0, int(seconds))
        minutes, left = divmod(whole, 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        if days:
            return self(N_("%(days)s d %(hours)s h")) % {"days": days, "hours": hours}
        if hours:
            return self(N_("%(hours)s h %(minutes)s min")) % {"hours": hours, "minutes": minutes}
        if minutes:
            return self(N_("%(minutes)s min %(seconds)s s")) % {"minutes": minutes, "seconds": left}
        return self(N_("%(seconds)s s")) % {"seconds": left}

    def money(self, minor: int, currency: str = "CNY", digits: int = 2) -> str:
        """Minor units as money: ``¥100.00``."""
        whole = minor / 10**digits
        return format_currency(whole, currency, locale=self.locale)

    def count(self, number: int) -> str:
        """A number with its groups: ``1,000,000``."""
        return format_decimal(number, locale=self.locale)


def load(language: str, timezone: tzinfo) -> Words:
    """Read the catalogues of one language."""
    texts: dict[str, str] = {}
    for path in sorted((_PLACE / language).glob("*.po")):
        with path.open("rb") as lines:
            for message in read_po(lines, locale=language):
                known, said = message.id, message.string
                if isinstance(known, str) and isinstance(said, str) and known and said:
                    texts[known] = said
    return Words(language, timezone, texts)
