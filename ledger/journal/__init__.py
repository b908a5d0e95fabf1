"""The journal of a producer: what it has not yet handed over, on its own disk.

One journal per process, all files in ``<home>/journal/``::

    <id>.lock       held by flock while its process lives            lock.py
    <id>.<n>.spool  events that no entry holds yet                   spool.py, frames.py
    <id>.sqlite     streams, and entries until they are sealed       store.py
    quarantine/     refused or damaged bytes, each with its reason   quarantine.py

What another process left is taken over by adoption.py, and mended by salvage.py.
"""
