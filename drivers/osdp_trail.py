"""Why an OSDP device is not to be had: a sentence for the installer, from what the line showed.

Rules kept here:
- only frames in plain text are looked at, those before the secure channel is up;
- no key, and nothing made with one, is ever part of a sentence.
"""

from dataclasses import dataclass

from drivers.osdp_panel import Secure
from drivers.wire.osdp_frame import CAP, CCRYPT, CHLNG, NAK, PDCAP, SCRYPT, OsdpFrames, Packet

_SECURITY = 9
"""The capability "communication security" in osdp_PDCAP."""
_NAKS = {
    1: "the check of our frames was wrong there: noise on the line",
    2: "it did not like the length of a command",
    3: "it does not know the command",
    4: "the frames were out of order",
    5: "it has no secure channel",
    6: "it wants a secure channel, or another one",
}


@dataclass(slots=True)
class Trail:
    """What was last said to the device and by it, since it was looked for anew."""

    address: int
    baud: int
    secure: Secure
    noise: bool = False
    asked: int = 0
    answered: int | None = None
    nak: int = 0
    plain_only: bool = False
    heard: bool = False

    def anew(self) -> None:
        """The device is looked for once more."""
        self.asked, self.answered, self.nak = 0, None, 0
        self.noise = self.plain_only = self.heard = False

    def ask(self, frame: bytes) -> None:
        """A frame goes to the device."""
        for one in OsdpFrames().packets(frame):
            if isinstance(one, Packet):
                self.asked, self.answered = one.code, None

    def answer(self, reply: Packet) -> None:
        """A whole reply came."""
        self.heard = True
        self.answered = reply.code
        if reply.code == NAK and reply.data:
            self.nak = reply.data[0]
        if reply.code == PDCAP:
            told = [reply.data[at : at + 3] for at in range(0, len(reply.data), 3)]
            able = any(one[0] == _SECURITY and one[1] & 1 for one in told if len(one) == 3)
            self.plain_only = not able

    @property
    def key_wrong(self) -> bool:
        """The device is there and has another key than we."""
        proved = (self.asked, self.answered) == (CHLNG, CCRYPT)
        refused = self.asked in (CHLNG, SCRYPT) and self.answered == NAK
        return proved or refused or (self.asked == SCRYPT and self.answered is not None)

    def told(self) -> str:
        """The sentence."""
        where = f"address {self.address}, {self.baud} bits a second"
        if not self.heard and self.noise:
            return (
                f"what comes back from {where} is no OSDP: check the baud rate, the termination "
                "and that no address is used twice on the line"
            )
        if not self.heard:
            return (
                f"nothing answers at {where}: check the reader's power, A and B, its address and "
                "its baud rate"
            )
        if self.secure != "off" and self.plain_only and self.asked == CAP:
            return (
                f"the reader at {where} has no secure channel: another reader, or secure: off "
                "(plain text, which anybody on the wires can imitate)"
            )
        if self.key_wrong:
            return self._key(where)
        if self.nak:
            why = _NAKS.get(self.nak, f"code {self.nak}")
            return f"the reader at {where} refuses: {why}"
        return f"the reader at {where} stopped answering: check its power and the wires"

    def _key(self, where: str) -> str:
        if self.secure == "install":
            return (
                f"the reader at {where} has neither our key nor the default key: put it into its "
                "install mode (its maker says how), or configure the key it has"
            )
        return (
            f"the reader at {where} has another key than the one configured: configure its key, or "
            "put the reader into install mode and write secure: install until it has ours"
        )
