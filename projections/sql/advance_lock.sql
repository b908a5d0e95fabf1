-- One writer an origin; held until the transaction ends.
--
-- %(origin)s  text  the log that is read
SELECT pg_advisory_xact_lock(hashtextextended('mlledger/advance/' || %(origin)s, 0));
