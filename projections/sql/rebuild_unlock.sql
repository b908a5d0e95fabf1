-- Let another process make tables anew.
SELECT pg_advisory_unlock(hashtextextended('mlledger/rebuild', 0));
