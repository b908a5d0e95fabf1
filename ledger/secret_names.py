"""Which names promise a secret: ``db_password`` does, ``max_tokens`` does not."""

from __future__ import annotations

import re
from functools import lru_cache


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRETS = _words(
    """password passwd passphrase passwords pwd secret secrets credential credentials
    creds apikey apikeys accesskey secretkey privatekey authtoken accesstoken
    refreshtoken authorization bearer cookie cookies connectionstring dsn htpasswd"""
)
_SHORT = _words("pass pw pat auth")
_SHORT_OF = _words("db user smtp ftp mail mysql postgres redis root admin ssh http git")
_KEY_OF = _words(
    """api access private secret signing encryption master service ssh account storage
    shared auth license app application client deploy host root admin webhook hmac
    session"""
)
# Words after the secret one that name something beside the secret.
_BESIDE = _words(
    """file path name names ref reference arn env var version url uri type types count
    counts len length size dim dims limit max min budget rotation expiry ttl policy
    required enabled field column header fp fingerprint index idx mask embedding
    embeddings digest hash scope provider manager rate ratio prob dropout"""
)
# Tokens of a language model, which are no secrets.
_TOKEN_KINDS = _words(
    """eos bos pad sep cls mask unk special start end stop next image per prefix suffix
    first last new sot eot separator decoder encoder forced begin boundary word sub
    text audio video patch class register target source prompt completion max min num
    input output total cached reasoning"""
)


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether the value under this name must not be recorded.

    The name is split at underscores, dots, hyphens and capitals; a name that ends in
    a word such as ``file``, ``ref`` or ``version`` refers to a secret and is none.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    if not words or words[-1] in _BESIDE:
        return False
    if words[-1] == "id":
        return words[-2:] == ["secret", "id"]
    return any(_is_secret_word(words, place) for place in range(len(words)))


def _is_secret_word(words: list[str], place: int) -> bool:
    word = words[place]
    before = words[place - 1] if place else ""
    if word in _SHORT:
        return len(words) == 1 or before in _SHORT_OF
    if word == "key":
        return before in _KEY_OF
    if word == "string":
        return before == "connection"
    if word == "token":
        return place >= len(words) - 2 and before not in _TOKEN_KINDS
    return word in _SECRETS
