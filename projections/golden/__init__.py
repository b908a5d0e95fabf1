"""Made-up worlds on real parts: ledgers whose every answer is known beforehand.

A script moves the clock, emits events as several identities, and seals and projects
when it says so. What comes out is an ordinary ledger home with real keys, a real log,
real seals and real tables; only the times in it are the script's.
"""
