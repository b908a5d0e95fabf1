"""Personal payload on its way to the vault; it never enters the log.

::

    content.py    what a payload says, its one spelling, the commitment in the decision
    envelope.py   sealed to the vault's public key (HPKE, RFC 9180)
    pairs.py      a decision and its envelope as one event of the journal
    transport.py  where envelopes are sent: a Kafka topic, or a file beside the log

A producer needs the vault's public key alone. What it writes anywhere is an envelope,
which only the vault can open; :mod:`ledger.vault` is the other side.
"""
