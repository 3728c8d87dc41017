"""Notices: what the office, or the gate itself, has to say to the booth and others.

Rules kept here:
- a notice has an audience and is shown from its beginning to its end;
- a text that names people is told apart (``private``): it stays inside the gate;
- its end comes by time, by a clock that can be trusted, or when somebody ends it.
"""

from collections.abc import Mapping, Sequence

from agent.core import telephones
from agent.core.ask import Act, Ask, Book, Sweep
from agent.core.booking import LINE, book, by, found, span
from agent.core.draft import Draft
from agent.core.entries import EntryType
from agent.core.needs import Need

AUDIENCES = ("all", "booth", "sales", "patrol", "shift_leader")


def tell(
    ask: Ask, out: Draft, audience: str, text: str, private: str = "", ends_us: int = 0
) -> str:
    """Post a notice on behalf of another act; gives its id. ``ends_us`` 0: until somebody ends it.

    ``text`` is sent as it stands; ``private`` (names, plates) is kept with the personal fields.
    """
    data: dict[str, object] = {
        "audience": audience,
        "text": text,
        "fromus": ask.now_us,
        "untilus": ends_us,
    }
    return _post(ask, out, data, private)


def posted(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{text, audience, from?, until?}``."""
    return {"notice": _post(ask, out, _said(ask), "")}


def changed(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{notice, text, audience, from?, until?}``: what it says from now on."""
    notice = found(ask, "notices", "notice", "open")["notice"]
    data = {"notice": notice, **_said(ask)}
    book(ask, out, EntryType.NOTICE_CHANGED, f"notice/{notice}", data)
    return {"notice": notice}


def ended(ask: Ask, out: Draft) -> Mapping[str, object]:
    """``{notice}``."""
    row = found(ask, "notices", "notice", "open")
    data = {"notice": row["notice"], "by": "guard"}
    book(ask, out, EntryType.NOTICE_ENDED, f"notice/{row['notice']}", data)
    return {"notice": row["notice"]}


def _said(ask: Ask) -> dict[str, object]:
    form = ask.form
    audience = form.choice("audience", AUDIENCES, "all")
    # It is published; whom to call stands in the directory.
    text = telephones.masked(form.text("text", LINE, needed=True))
    begins, ends = span(ask, ends=False)
    return {"audience": audience, "text": text, "fromus": begins, "untilus": ends}


def _post(ask: Ask, out: Draft, data: Mapping[str, object], private: str) -> str:
    notice = out.new_id()
    told = {"notice": notice, **data}
    book(ask, out, EntryType.NOTICE_POSTED, f"notice/{notice}", told, {"text_private": private})
    return notice


def _due(_now_us: int) -> Sequence[Need]:
    return (Need("notices", state="open", name="notices.open"),)


def _swept(ask: Ask, out: Draft) -> None:
    for row in ask.rows("notices.open"):
        if 0 < row["until_us"] <= ask.now_us:
            data = {"notice": row["notice"], "by": "time"}
            out.write(EntryType.NOTICE_ENDED, f"notice/{row['notice']}", data)


_NAMED = by("notices", "notice")

BOOK = Book(
    {
        "notice.post": Act(posted),
        "notice.change": Act(changed, _NAMED),
        "notice.end": Act(ended, _NAMED),
    },
    (Sweep(_due, _swept),),
)
