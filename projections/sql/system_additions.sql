-- What has been added to the server's own functions, operators and casts?
--
-- Takes no parameters. Returns kind and name of each: such things are found before the
-- built-in ones by questions that mean those. What an extension brought is left out.
-- 16384 is the first number that is not given out while a server is made.
WITH brought AS (
SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e'
)
SELECT 'function', f.oid::regprocedure::text
  FROM pg_catalog.pg_proc AS f
 WHERE f.pronamespace = 'pg_catalog'::regnamespace AND f.oid >= 16384
   AND ('pg_proc'::regclass, f.oid) NOT IN (SELECT classid, objid FROM brought)
 UNION ALL
SELECT 'operator', o.oid::regoperator::text
  FROM pg_catalog.pg_operator AS o
 WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oid >= 16384
   AND ('pg_operator'::regclass, o.oid) NOT IN (SELECT classid, objid FROM brought)
 UNION ALL
SELECT 'cast', format_type(c.castsource, NULL) || ' to ' || format_type(c.casttarget, NULL)
  FROM pg_catalog.pg_cast AS c
 WHERE c.oid >= 16384 AND c.castsource < 16384 AND c.casttarget < 16384
   AND ('pg_cast'::regclass, c.oid) NOT IN (SELECT classid, objid FROM brought)
 ORDER BY 1, 2;
