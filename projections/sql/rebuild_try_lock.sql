-- Does no other process make tables anew? Then this one does, as by rebuild_lock.sql.
SELECT pg_try_advisory_lock(hashtextextended('mlledger/rebuild', 0));
