-- Which version of its text was a schema made from?
--
-- %(schema)s  text  name of the schema
--
-- Returns one row, or none when there is no such schema.
SELECT obj_description(oid, 'pg_namespace')
  FROM pg_namespace
 WHERE nspname = %(schema)s;
