"""Tables folded from the sealed log, and the audit questions that are asked of them.

``advance`` reads sealed events in order and hands each to the pure function
``rows(event, position, …)`` of every projection; the rows go into insert-only tables in
one transaction with the position they came from. State, intervals and "live at" are
queries, one ``.sql`` file per question, each with a typed function of the same name.
The log stays the truth: every row names the origin, leaf and index it came from, and
:mod:`projections.chain` re-reads, verifies and compares.
"""
