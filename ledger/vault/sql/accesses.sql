-- How often were the payloads of some decisions read?
--
-- %(decision_ids)s  uuid[]
SELECT count(*) FROM vault.access WHERE decision_id = ANY (%(decision_ids)s);
