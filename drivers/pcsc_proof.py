"""What a card at a PC/SC reader proves: the talks of `drivers.secure`, and the chance they need.

Rules kept here:
- every talk has fresh random bytes of the machine's own source;
- a card that claims nothing is a number and no more (``uid_only``); one that claims to be of the
  site and does not prove it has failed, and is not taken for its number instead;
- a card that leaves in between has neither proved nor failed anything (TornError).
"""

import secrets
from collections.abc import Callable
from typing import Final

from agent.core.model import CardProof
from drivers.pcsc_card import Shown, Transmit
from drivers.secure import aes
from drivers.secure.cards import Desfire, Ntag424
from drivers.secure.talk import UnprovedError, lead
from drivers.wire import atr as answers

Chance = Callable[[int], bytes]


class Prover:
    """Asks cards to prove themselves. What is None is not asked for.

    ``chance`` gives so many random bytes that nobody can foresee.
    """

    def __init__(
        self,
        desfire: Desfire | None = None,
        ntag424: Ntag424 | None = None,
        chance: Chance = secrets.token_bytes,
    ) -> None:
        kinds = ((CardProof.DESFIRE, desfire), (CardProof.NTAG424, ntag424))
        self._kinds: Final = [(proof, site) for proof, site in kinds if site is not None]
        self._chance = chance

    def ask(self, uid: bytes, atr: bytes, transmit: Transmit) -> Shown:
        """What the card proves; a `drivers.pcsc_card.Prove`."""
        if answers.stores_only(atr):
            return Shown(uid, atr)
        for proof, site in self._kinds:
            try:
                proved = lead(site.talk(uid, self._chance(aes.BLOCK)), transmit)
            except UnprovedError as fault:
                return Shown(uid, atr, CardProof.FAILED, str(fault))
            if proved is not None:
                return Shown(proved, atr, proof)
        return Shown(uid, atr)
