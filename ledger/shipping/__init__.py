"""From journal to log to receipt: everything behind ``emit``, on threads of its own.

::

    producer.py   a journal and the shipper that empties it, one per process
    shipper.py    the thread: rounds of pack, send, ask
    outbox.py     one journal's part in a round; packer.py signs its entries
    receipts.py   what the published ledger says; answers.py does what follows
    foundlings.py journals of processes that are gone
"""
