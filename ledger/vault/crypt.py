"""A payload under its subject's data key, as the database holds it.

AES-256-GCM over salt and content, with the decision and the key id authenticated. GCM
alone would let one ciphertext open to two plaintexts under two keys; the commitment in
the sealed decision, which is compared after each decryption, rules that out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger import clock
from ledger.errors import IntegrityError
from ledger.payload.content import SALT, commitment, parse_payload
from ledger.payload.envelope import Opened
from ledger.vault.store import Encrypted

if TYPE_CHECKING:
    from ledger.vault.shelf import DataKey

_CONTEXT = b"mlledger/vault-payload/v1\n"


def encrypt(opened: Opened, key: DataKey) -> Encrypted:
    """Return a payload as it is stored; :func:`decrypt` is the inverse."""
    decision_id, nonce = opened.payload.decision_id, clock.random_bytes(12)
    context = _CONTEXT + decision_id + key.key_id
    sealed = AESGCM(key.key).encrypt(nonce, opened.salt + opened.content, context)
    return Encrypted(decision_id, opened.commitment, key.key_id, nonce, sealed)


def decrypt(item: Encrypted, key: DataKey) -> Opened:
    """Return what was stored.

    Raises:
        IntegrityError: it was altered, is under another key, or is not what its row
            says was committed to.
    """
    context = _CONTEXT + item.decision_id + key.key_id
    try:
        plain = AESGCM(key.key).decrypt(item.nonce, item.ciphertext, context)
    except InvalidTag:
        raise IntegrityError(
            "the vault's row does not open: altered, or under another key",
            place="vault.payload",
        ) from None
    salt, content = plain[:SALT], plain[SALT:]
    if commitment(salt, content) != item.commitment:
        raise IntegrityError(
            "the vault's row is not what it is said to be", place="vault.payload"
        )
    return Opened(parse_payload(content), content, salt)
