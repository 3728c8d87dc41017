"""The day behind the demo: who came and went at this gate in the last 24 hours.

Rules kept here:
- everything is done by orders and taps, as at a gate (`agent.demo.past`), nothing written by hand;
- at its end there is something of everything for the guard: somebody overdue, a truck to look into,
  deposits in the drawer, a slip, notices, somebody who is expected.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.core.ids import DeskId
from agent.demo.past import Past
from agent.settings import Settings
from agent.signing import Pins

IN, OUT, DESK = "in-1", "out-1", DeskId("booth")
ROSTER_MORE = """\
em4100:0101A00001,VC-006,visitor,stock,,,,,,,,,
em4100:0101A00002,VC-007,visitor,stock,,,,,,,,,
em4100:0101A00003,VC-008,visitor,stock,,,,,,,,,
em4100:0101A00004,VV-003,visitor_vehicle,stock,,,,,,,,,
em4100:0101A00005,VV-004,visitor_vehicle,stock,,,,,,,,,
em4100:0101A00006,W-001,contractor,stock,,,,,,,,,
em4100:0101A00007,W-002,contractor,stock,,,,,,,,,
"""
"""The cards in the drawer of the booth, beside those of config/demo-roster.csv."""

CALL = {"kind": "flood", "unit": "6-0402", "description": "厨房漏水", "phone": "13800000402"}
"""A call for help that comes in when the demo begins; its five minutes run from then."""

_HOUR_US = 3_600_000_000
_RESIDENTS = (
    ("王秀兰", "8-1203", "13800001203", True),
    ("李建国", "8-0502", "13800000502", True),
    ("张丽", "6-0301", "13800000301", False),
    ("陈静", "3-0701", "13800000701", True),
    ("周涛", "5-0604", "13800000604", False),
)
_OTHERS = (
    ("department", "物业服务中心", "", "物业服务", "0755-1000001"),
    ("department", "销售中心", "", "销售部", "0755-1000002"),
    ("emergency", "急救", "", "", "120"),
    ("emergency", "火警", "", "", "119"),
    ("emergency", "派出所", "", "", "110"),
)
_TRAFFIC = (
    (22.5, IN, "V-001"), (22.1, IN, "V-004"), (21.8, OUT, "S-001"), (21.0, IN, "R-003"),
    (20.2, IN, "V-005"), (19.4, OUT, "V-004"), (17.0, IN, "V-006"), (14.6, OUT, "R-003"),
    (12.9, IN, "R-010"), (11.8, OUT, "V-001"), (11.2, IN, "S-001"), (10.9, IN, "S-003"),
    (9.7, OUT, "V-005"), (8.4, IN, "V-007"), (6.6, IN, "R-009"), (5.2, OUT, "V-006"),
    (3.3, IN, "V-008"), (2.2, IN, "V-002"), (1.1, OUT, "S-003"), (0.4, IN, "R-006"),
)  # fmt: skip
"""Cards at the lanes: hours ago, lane, label. Some are refused."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Somebody who signs on at the booth of the demo."""

    guard: str
    name: str
    role: str
    card: str
    pin: str


LEADER = Guard("g-zhangwei", "张伟", "shift_leader", "G-001", "208416")
OTHER = Guard("g-linfeng", "林峰", "guard", "G-002", "730952")


def live(settings: Settings, roster: Path, now_us: int) -> int:
    """Live through the day until a minute before ``now_us``; gives the last entry's sequence."""
    with Past(settings, now_us - 24 * _HOUR_US) as past:
        day = _Day(past, now_us)
        past.begin(roster)
        day.office()
        day.first_shift()
        day.second_shift()
        day.before_now()
        past.end()
        return past.head


class _Day:
    """The story; hours count back from now."""

    def __init__(self, past: Past, now_us: int) -> None:
        self._past = past
        self._now_us = now_us
        self._traffic = list(_TRAFFIC)
        self._shift = ""

    def office(self) -> None:
        """Guards, directory, a notice, a ban, and who is expected."""
        past, pins = self._past, Pins()
        for one in (LEADER, OTHER):
            form = {"guard": one.guard, "name": one.name, "card": one.card, "role": one.role}
            past.order("guard.enrol", "installer", **form, pin=pins.hashed(one.pin))
        for name, unit, phone, signs in _RESIDENTS:
            form = {"name": name, "unit": unit, "kind": "resident"}
            past.order("directory.put", "installer", **form, phones=[phone], signs=signs)
        for kind, name, unit, department, phone in _OTHERS:
            form = {"name": name, "unit": unit, "department": department}
            past.order("directory.put", "installer", kind=kind, **form, phones=[phone])

    def first_shift(self) -> None:
        """From 23 to 11 hours ago."""
        order = self._past.order
        self._sign_on(23, OTHER)
        who = OTHER.guard
        order("duty.note", who, text="接班，道闸、读卡器、对讲正常。")
        order("notice.post", who, text="明日 15:00–18:00 停水检修", audience="all")
        ban = {"visitor": "推销员 胡某", "plate": "粤B7T119", "reason": "冒充住户亲友推销"}
        order("ban.set", who, **ban)
        self._to(22.8)
        meeting = {"host": "孙悦", "company": "恒信电梯", "visitor": "曹工"}
        guest = self._visit(who, "VC-001", "company", meeting, cash=5_000)
        self._to(20.5)
        self._leaves(who, OUT, "VC-001", guest)
        family = {"visitor": "王先生", "unit": "8-1203", "plate": "粤S·8K216", "bay": "会所 1"}
        keys = {"kind": "object", "description": "车钥匙", "pocket": "3"}
        evening = self._visit(who, "VV-002", "resident", family, thing=keys)
        order(
            "visit.decline", who, kind="resident", visitor="推销员 胡某", unit="6-0301",
            reason="推销，住户不接待", asked="host_declined",
        )  # fmt: skip
        self._to(18.5)
        helped = order("help.ask", who, kind="repair", unit="6-0301", description="水管漏水")
        self._to(18.45)
        order("help.answer", who, help=helped["help"], note="工程部已到")
        order("help.close", who, help=helped["help"], note="已修好")
        self._to(16.8)
        self._leaves(who, OUT, "VV-002", evening)
        self._to(13)
        order("duty.note", who, text="巡逻一号夜巡，无异常。")
        self._to(11.5)
        self._hand_over(OTHER, LEADER, documents=0, cash=0)

    def second_shift(self) -> None:
        """From 11 hours ago to a few minutes ago: some of it is still open."""
        order = self._past.order
        self._sign_on(11.4, LEADER)
        who = LEADER.guard
        self._to(10)
        work = {"visitor": "吴师傅", "company": "净水安装", "unit": "3-0701"}
        self._visit(who, "W-001", "contractor", work, cash=10_000, hours=48)
        self._to(8)
        van = {"visitor": "顺达快运", "company": "顺达快运", "unit": "8-0502", "plate": "粤B·P6021"}
        gone = self._visit(who, "VV-003", "delivery", van, cash=5_000)
        self._to(7)
        self._leaves(who, OUT, "VV-003", gone)
        slip = {"number": "FX-0731", "unit": "8-0502", "signatory": "李建国", "stamp": True}
        goods = [{"name": "沙发", "quantity": 1}, {"name": "纸箱", "quantity": 6}]
        used = order("slip.receive", who, **slip, lines=goods, owner="搬家公司")
        ticks = [{"line": 0, "quantity": 1}, {"line": 1, "quantity": 6}]
        order(
            "slip.use", who, slip=used["slip"], ticks=ticks, signatory="李建国", stamp=True,
            by="hand",
        )  # fmt: skip
        self._to(6)
        late = {"visitor": "钱女士", "unit": "1-0902", "host": "黄敏"}
        card = {"kind": "work_card", "description": "工作证", "pocket": "12"}
        self._visit(who, "VC-002", "resident", late, thing=card, hours=4)
        self._to(4)
        order("visit.open", who, kind="viewing", visitor="贺先生夫妇", phone="13900000009", hours=6)
        self._to(3.4)
        papers = {"visitor": "石经理", "company": "中安检测", "department": "工程部"}
        thing = {"kind": "driving_licence", "pocket": "3"}
        self._visit(who, "VC-006", "company", papers, thing=thing)
        self._to(3)
        lost = {"visitor": "丁先生", "company": "启明装饰", "host": "郑强"}
        keeps = self._visit(who, "VC-003", "company", lost, cash=5_000)
        self._to(1.9)
        self._card_lost(who, keeps)
        truck = {"visitor": "老秦", "company": "大件物流", "unit": "8-1203", "plate": "粤B·T4410"}
        self._visit(who, "VV-004", "delivery", truck, cash=10_000, truck=True, goods=True)
        goods = [{"name": "旧冰箱", "quantity": 1}]
        slip = {"number": "FX-0732", "unit": "8-1203", "signatory": "王秀兰", "stamp": True}
        order("slip.receive", who, **slip, lines=goods, owner="大件物流", plate="粤B·T4410")

        self._to(1.3)
        papers = {"visitor": "唐师傅", "unit": "2-1206", "plate": "粤B·M2280", "bay": "会所 2"}
        thing = {"kind": "work_card", "pocket": "7", "description": "工号 0386"}
        self._visit(who, "VC-007", "resident", papers, thing=thing)

    def before_now(self) -> None:
        """What waits for whoever signs on."""
        past, who = self._past, LEADER.guard
        self._to(0.5)
        expected = (
            ("company", {"visitor": "何经理", "company": "城建设计院", "host": "孙悦"}, 0.2),
            ("resident", {"visitor": "表姐一家", "unit": "6-1102", "plate": "粤AD56789"}, 1.0),
            ("contractor", {"visitor": "空调师傅", "company": "格凉空调", "unit": "2-0405"}, 2.0),
        )
        for kind, form, hours in expected:
            begins = past.local(0.5 + hours)
            past.order("appointment.make", who, kind=kind, **form, **{"from": begins})
        ambulance = {"kind": "ambulance", "route": "直行到 5 栋，右转", "unit": "5-0604"}
        past.order("priority.announce", who, **ambulance)
        self._to(0.06)
        past.order("duty.note", who, text="交班前清点：抽屉与账目一致。")
        past.order("shift.end", who, shift=self._shift)

    def _to(self, hours: float) -> None:
        """Let it come to so many hours before now; who drives or walks meanwhile does."""
        while self._traffic and self._traffic[0][0] > hours:
            ago, lane, label = self._traffic.pop(0)
            self._past.to(self._now_us - int(ago * _HOUR_US))
            self._past.tap(lane, label)
        self._past.to(self._now_us - int(hours * _HOUR_US))

    def _sign_on(self, hours: float, guard: Guard) -> None:
        self._to(hours)
        self._past.show(DESK, guard.card)
        form = {"guard": guard.guard, "role": guard.role, "desk": DESK, "hash": f"past-{hours}"}
        told = self._past.order("shift.begin", guard.guard, **form, without_card=False, drop=[])
        self._shift = str(told["shift"])

    def _hand_over(self, giver: Guard, taker: Guard, *, documents: int, cash: int) -> None:
        cards = sum(card.status == "stock" for card in self._past.cards.values())
        counted = {"cash": {"amount": cash}, "documents": documents, "cards": cards}
        signed = {"from": "card", "to": "card"}
        form = {"shift": self._shift, "to": taker.guard, "signed": signed, "note": "一切正常"}
        self._past.order("shift.hand_over", giver.guard, **counted, **form)
        self._past.order("shift.end", giver.guard, shift=self._shift)

    def _visit(
        self,
        who: str,
        card: str,
        kind: str,
        form: dict[str, str],
        *,
        cash: int = 0,
        thing: Mapping[str, object] | None = None,
        hours: int = 12,
        **more: object,
    ) -> dict[str, object]:
        """Somebody comes, leaves something, gets a card, and goes in."""
        owner = form["visitor"]
        held = {"owner": owner, **(thing or {"kind": "cash", "amount": cash})}
        told = self._past.order(
            "visit.open", who, kind=kind, card=card, answer="host_agreed", hours=hours,
            deposits=[held], **form, **more,
        )  # fmt: skip
        self._past.later(20)
        self._past.tap(IN, card)
        return {"visit": told["visit"], "deposits": told["deposits"]}

    def _leaves(self, who: str, lane: str, card: str, visit: dict[str, object]) -> None:
        """Somebody holds his card to the exit, gets back what is his, and goes."""
        self._past.tap(lane, card)
        self._past.later(25)
        self._past.order(
            "visit.end", who, visit=visit["visit"], card_back=True, lane=lane, outcome="left",
            deposits=_returned(visit),
        )  # fmt: skip

    def _card_lost(self, who: str, visit: dict[str, object]) -> None:
        """Somebody leaves without the card: what he left pays for it."""
        self._past.order(
            "visit.end", who, visit=visit["visit"], card_back=False, lane=OUT,
            outcome="card_lost", reason="卡片遗失",
            deposits=[
                {"deposit": each, "end": "forfeited", "why": "卡片工本费"}
                for each in _ids(visit)
            ],
        )  # fmt: skip


def _returned(visit: dict[str, object]) -> list[dict[str, object]]:
    return [{"deposit": each, "end": "returned", "to": "本人"} for each in _ids(visit)]


def _ids(visit: dict[str, object]) -> list[object]:
    found = visit["deposits"]
    return list(found) if isinstance(found, list | tuple) else []
