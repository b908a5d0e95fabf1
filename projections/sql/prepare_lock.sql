-- One process at a time prepares roles and grants; held until the session ends.
SELECT pg_advisory_lock(hashtextextended('mlledger/prepare', 0));
