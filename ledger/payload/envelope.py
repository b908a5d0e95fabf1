"""A payload sealed to the vault: HPKE for the key, AES-256-GCM for the content.

::

      0   4  "MLLP"                        the plaintext is salt 32 | content
      4   2  version = 1
      6  16  decision id
     22  32  SHA-256 of the vault's raw X25519 public key
     54  80  content key, sealed with HPKE base mode: enc 32 | ciphertext 32 + 16
    134  12  nonce, random
    146   …  ciphertext and tag, under the content key; bytes 0–133 are authenticated

HPKE (RFC 9180) is DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, from the
library ``cryptography``; its ``info`` names the ledger. Sealing with HPKE costs some
150 µs, which is more than all the rest of recording a decision. So a process seals one
content key for up to 1,024 payloads or five minutes, and each envelope carries that
sealed key: it can be opened alone, late, and in any order. 1,024 random 96-bit nonces
under one key are far below the 2^32 that SP 800-38D allows.

Source: RFC 9180, section 6.1; NIST SP 800-38D, section 8.3.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from ledger import clock
from ledger.errors import ConfigurationError, IntegrityError, MalformedError
from ledger.payload.content import (
    SALT,
    Payload,
    commitment,
    encode_payload,
    parse_payload,
)

if TYPE_CHECKING:
    from typing import Self

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
KEY_USES = 1_024
KEY_SECONDS = 300.0
_MAGIC = b"MLLP\x00\x01"
_RECIPIENT, _WRAPPED, _NONCE, _SEALED = 22, 54, 134, 146
_LEAST = _SEALED + SALT + 16
_INFO = b"mlledger/payload-key/v1\n"


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope's content, as the vault sees it.

    Attributes:
        payload: what it says.
        content: the bytes that were committed to.
        salt: 32 bytes.
    """

    payload: Payload
    content: bytes
    salt: bytes

    @property
    def commitment(self) -> bytes:
        """What the decision must have committed to."""
        return commitment(self.salt, self.content)

    def __repr__(self) -> str:
        """Name the decision alone."""
        return f"Opened({self.payload!r})"


class Sealer:
    """Seals payloads to one vault; safe for many threads, and after a fork.

    Args:
        public_key: the vault's raw X25519 public key, 32 bytes.
        ledger_id: 32 bytes.
        random_bytes: gives that many unpredictable bytes.
        monotonic: clock for the age of the content key.

    Raises:
        ConfigurationError: the key is none.
    """

    def __init__(
        self,
        public_key: bytes,
        *,
        ledger_id: bytes,
        random_bytes: Callable[[int], bytes] = clock.random_bytes,
        monotonic: Callable[[], float] = clock.monotonic,
    ) -> None:
        try:
            self._public = X25519PublicKey.from_public_bytes(public_key)
        except ValueError as error:
            raise ConfigurationError(
                "capture.vault_key: not an X25519 public key",
                hint="mlledger vault init prints it",
            ) from error
        self._head = sha256(public_key).digest()
        self._info = _INFO + ledger_id
        self._random = random_bytes
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._key: _ContentKey | None = None

    def seal(self, payload: Payload) -> tuple[bytes, bytes]:
        """Return the commitment, 32 bytes, and the envelope.

        Raises:
            InvalidEventError: the payload does not fit.
        """
        content = encode_payload(payload)
        salt = self._random(SALT)
        key = self._content_key()
        head = _MAGIC + payload.decision_id + self._head + key.wrapped
        nonce = self._random(12)
        sealed = key.cipher.encrypt(nonce, salt + content, head)
        return commitment(salt, content), head + nonce + sealed

    def _content_key(self) -> _ContentKey:
        key = self._key
        if key is not None and key.use(self._monotonic()):
            return key
        with self._lock:
            key = self._key
            if key is None or not key.use(self._monotonic()):
                key = self._key = _ContentKey.fresh(self)
            return key

    def fresh_key(self) -> tuple[bytes, bytes]:
        """Return a new content key, and the same sealed to the vault."""
        key = self._random(32)
        return key, SUITE.encrypt(key, self._public, self._info)

    def expires(self) -> float:
        """Return the monotonic time at which a content key made now is too old."""
        return self._monotonic() + KEY_SECONDS


class _ContentKey:
    __slots__ = ("_until", "_uses", "cipher", "wrapped")

    def __init__(self, key: bytes, wrapped: bytes, until: float) -> None:
        self.cipher = AESGCM(key)
        self.wrapped = wrapped
        self._until = until
        self._uses = 1

    @classmethod
    def fresh(cls, sealer: Sealer) -> Self:
        return cls(*sealer.fresh_key(), sealer.expires())

    def use(self, now: float) -> bool:
        """Count one use; False when the key has done its part.

        Threads may count at the same moment: a key is then used a few times more.
        """
        self._uses += 1
        return self._uses <= KEY_USES and now < self._until


def decision_of(envelope: bytes) -> bytes:
    """Return the id of the decision an envelope names; nothing of it is checked yet.

    Raises:
        MalformedError: it is no envelope.
    """
    if len(envelope) < _LEAST or not envelope.startswith(_MAGIC):
        raise MalformedError("not a payload envelope")
    return envelope[6:_RECIPIENT]


def open_envelope(
    envelope: bytes, private_key: X25519PrivateKey, *, ledger_id: bytes
) -> Opened:
    """Open an envelope and parse what is in it.

    Args:
        envelope: from :meth:`Sealer.seal`.
        private_key: the vault's.
        ledger_id: of the ledger whose decisions the vault serves.

    Raises:
        MalformedError: it is no envelope, or holds no payload.
        IntegrityError: it was sealed to another key or for another ledger, was altered,
            or holds another decision's payload than it names.
    """
    decision_id = decision_of(envelope)
    public = private_key.public_key().public_bytes_raw()
    if envelope[_RECIPIENT:_WRAPPED] != sha256(public).digest():
        raise IntegrityError("the envelope is sealed to another vault's key")
    try:
        key = SUITE.decrypt(envelope[_WRAPPED:_NONCE], private_key, _INFO + ledger_id)
        plain = AESGCM(key).decrypt(
            envelope[_NONCE:_SEALED], envelope[_SEALED:], envelope[:_NONCE]
        )
    except (InvalidTag, ValueError):
        raise IntegrityError(
            "the envelope does not open: altered, or of another ledger"
        ) from None
    content = plain[SALT:]
    payload = parse_payload(content)
    if payload.decision_id != decision_id:
        raise IntegrityError("the envelope holds the payload of another decision")
    return Opened(payload, content, plain[:SALT])
