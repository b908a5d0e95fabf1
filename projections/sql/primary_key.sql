-- Which columns make the primary key of a table, in order?
--
-- %(schema)s  text  name of the schema
-- %(table)s   text  name of the table
SELECT a.attname::text
  FROM pg_index AS i
  JOIN pg_class AS c ON c.oid = i.indrelid
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, place) ON true
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum
 WHERE n.nspname = %(schema)s AND c.relname = %(table)s AND i.indisprimary
 ORDER BY k.place;
