-- Is there such a database on this server?
--
-- %(name)s  text  name of the database
SELECT 1 FROM pg_database WHERE datname = %(name)s;
