"""What readers ask of cards, out of the settings: a part of the composition root.

Rule kept here: a reader whose key is none asks nobody (`agent.keys.site_key`).
"""

from agent.keys import needed, site_key
from agent.settings.reader_secure import Authenticate, DesfireCards, Method, Ntag424Cards
from drivers.pcsc_card import Prove
from drivers.pcsc_proof import Prover
from drivers.secure.cards import By, Desfire, Ntag424, SiteKey


def make_prove(reader: str, asked: Authenticate) -> Prove:
    """Who asks the cards of this reader; FaultyKeyError where a key cannot be read or is none."""
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
    key = needed(path, site_key, cards.key)
    return SiteKey(cards.key_no, key, By(cards.diversify.value), bytes.fromhex(cards.system))
