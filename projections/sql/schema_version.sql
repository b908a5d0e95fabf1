-- Which version of its text was a schema made from, and by which version of the program?
--
-- %(schema)s  text  name of the schema
--
-- Returns one row, or none when there is no such schema; the program is null where the
-- schema does not say.
SELECT split_part(said.text, E'\n', 1),
       substring(said.text FROM E'\nmade by mlledger (\\S+)')
  FROM pg_namespace AS n
 CROSS JOIN LATERAL (SELECT obj_description(n.oid, 'pg_namespace') AS text) AS said
 WHERE n.nspname = %(schema)s;
