-- From where on is a source to be read?
--
-- %(source)s  text  an origin, or the transport by its identity
SELECT next_number FROM vault.position WHERE source = %(source)s;
