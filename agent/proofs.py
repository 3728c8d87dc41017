"""What readers ask of cards, out of the settings: a part of the composition root.

Rules kept here:
- a key is 32 hexadecimal digits in its file, and is told in no fault;
- the key that every card comes with from the factory (all zeros) is no key.
"""

import re

from agent.errors import SettingsError
from agent.settings.reader_secure import Authenticate, DesfireCards, Method, Ntag424Cards
from drivers.pcsc_card import Prove
from drivers.pcsc_proof import Prover
from drivers.secure.cards import By, Desfire, Ntag424, SiteKey

_KEY = re.compile(rb"[0-9A-Fa-f]{32}")


def make_prove(reader: str, asked: Authenticate) -> Prove:
    """Who asks the cards of this reader; SettingsError where a key cannot be read or is none."""
    desfire = ntag424 = None
    path = f"readers.{reader}.authenticate"
    if asked.desfire is not None:
        cards = asked.desfire
        ways = ("ev1", "ev2") if cards.method is Method.AUTO else (cards.method.value,)
        key = _site_key(f"{path}.desfire.key", cards)
        desfire = Desfire(bytes.fromhex(cards.application), key, frozenset(ways))
    if asked.ntag424 is not None:
        ntag424 = Ntag424(_site_key(f"{path}.ntag424.key", asked.ntag424))
    return Prover(desfire, ntag424).ask


def _site_key(path: str, cards: DesfireCards | Ntag424Cards) -> SiteKey:
    text = cards.key.read().strip()
    if _KEY.fullmatch(text) is None:
        raise SettingsError(
            f"{path}: what lies in {cards.key.place()} is no AES key; 32 hexadecimal digits and "
            "nothing else are one: openssl rand -hex 16"
        )
    key = bytes.fromhex(text.decode("ascii"))
    if not any(key):
        raise SettingsError(
            f"{path}: {cards.key.place()} holds the key that cards have from the factory, which "
            "everybody knows: personalise the cards with a key of the site first"
        )
    return SiteKey(cards.key_no, key, By(cards.diversify.value), bytes.fromhex(cards.system))
