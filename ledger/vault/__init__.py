"""The vault: personal payload under keys that can be destroyed.

::

    producer ──envelope──► topic or file ──► worker.py ──► Postgres, ciphertext alone
                                               │  ▲
                 sealed decisions, rules ──────┘  └── keys.sqlite, a data key a subject

    secrets.py   the vault's two keys: one opens envelopes, one wraps data keys
    shelf.py     wrapped data keys, by a keyed hash of the subject
    postgres.py  the tables, in a database and under a role of their own
    follow.py    sealed decisions, retention rules and holds, from the log
    worker.py    takes envelopes in, once, if the sealed decision committed to them
    rules.py     what must be kept, and until when
    erasure.py   deletion: plan, rows, transport, keys, evidence; to be repeated
    windows.py   spans of time, and the sample that is opened of each
    statistics.py  what is published: sketches too coarse to show a person

What a stolen database shows: random key ids, ciphertext, decision ids. The subject's
identifier is in no table: the shelf finds a key by HMAC-SHA-256 of it under a key that
lies wrapped beside it. Data keys are never in the database, whose pages, write-ahead
log and backups may outlive a deletion: there only ciphertext remains.
"""
