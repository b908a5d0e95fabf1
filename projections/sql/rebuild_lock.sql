-- One process at a time makes tables anew; held until the session ends or it is unlocked.
SELECT pg_advisory_lock(hashtextextended('mlledger/rebuild', 0));
