-- Which fact tables does a schema have, with which columns?
--
-- %(schema)s  text  name of the schema
--
-- Returns name, column names and type names in order; one row a table. Partitions,
-- the table of positions and what is computed from facts are not fact tables.
SELECT c.relname::text,
       array_agg(a.attname::text ORDER BY a.attnum),
       array_agg(format_type(a.atttypid, NULL) ORDER BY a.attnum)
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN pg_attribute AS a ON a.attrelid = c.oid
 WHERE n.nspname = %(schema)s
   AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND c.relname NOT IN ('position', 'deployment_period')
   AND a.attnum > 0 AND NOT a.attisdropped
 GROUP BY c.relname
 ORDER BY c.relname;
