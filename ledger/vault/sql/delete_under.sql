-- Delete everything that lies under some data keys.
--
-- %(key_ids)s  bytea[]
DELETE FROM vault.payload WHERE key_id = ANY (%(key_ids)s);
