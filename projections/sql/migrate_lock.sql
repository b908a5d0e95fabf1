-- One process at a time makes schemas; held until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('mlledger/migrate', 0));
