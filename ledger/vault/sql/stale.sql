-- Payloads whose decision was not sealed in time.
--
-- %(before)s  timestamptz  received before then
UPDATE vault.payload
   SET state = 'quarantined', reason = 'no sealed decision committed to it'
 WHERE state = 'waiting' AND received_at < %(before)s;
