-- What is a schema made of, as far as it decides what is written and what is read?
--
-- %(schema)s  text     name of the schema
-- %(whole)s   boolean  with columns, constraints and indexes
--
-- Returns the table a part belongs to (empty: the schema itself), the name by which its
-- like is known, and kind, name and text of the part in the words of the catalogue. A
-- row of the kinds policy, rule and row security is there only where somebody has made
-- it; the rule that makes a view a view is none. Partitions are known as their parent's, for there is one for each month.
WITH held AS (
SELECT c.oid, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
       c.relam, c.relacl, c.relispartition,
       CASE WHEN c.relispartition AND c.relkind IN ('r', 'p')
            THEN (SELECT p.relname
                    FROM pg_catalog.pg_inherits AS h
                    JOIN pg_catalog.pg_class AS p ON p.oid = h.inhparent
                   WHERE h.inhrelid = c.oid) || ' <partition>'
            ELSE c.relname::text
       END AS name,
       c.relname::text AS bare
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 WHERE n.nspname = %(schema)s AND c.relkind NOT IN ('i', 'I', 'c')
), granted AS (
SELECT h.oid, string_agg(a.grantee::regrole::text || ' ' || a.privilege_type, ', '
                         ORDER BY a.grantee::regrole::text, a.privilege_type) AS rights
  FROM held AS h
 CROSS JOIN LATERAL pg_catalog.aclexplode(h.relacl) AS a
 WHERE a.grantee <> 0
   AND a.grantee::regrole::text IN ('mlledger_writer', 'mlledger_auditor')
 GROUP BY h.oid
)
SELECT h.bare, h.name, 'table', h.name,
       concat_ws(' ',
                 CASE h.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table'
                                WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                                WHEN 'f' THEN 'foreign table' WHEN 'S' THEN 'sequence'
                                ELSE h.relkind::text END,
                 CASE h.relpersistence WHEN 'u' THEN 'unlogged' WHEN 't' THEN 'temporary'
                 END,
                 m.amname,
                 CASE WHEN NOT h.relispartition
                      THEN 'granted ' || coalesce(g.rights, 'nothing') END)
  FROM held AS h
  LEFT JOIN pg_catalog.pg_am AS m ON m.oid = h.relam
  LEFT JOIN granted AS g ON g.oid = h.oid
 UNION ALL
SELECT h.bare, h.name, 'row security', h.name,
       CASE WHEN h.relforcerowsecurity THEN 'forced' ELSE 'enabled' END
  FROM held AS h
 WHERE h.relrowsecurity OR h.relforcerowsecurity
 UNION ALL
SELECT h.bare, h.name, 'policy', h.name || ' ' || p.polname,
       concat_ws(' ', CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
                 'for', p.polcmd, 'using', pg_get_expr(p.polqual, p.polrelid),
                 'check', pg_get_expr(p.polwithcheck, p.polrelid))
  FROM held AS h
  JOIN pg_catalog.pg_policy AS p ON p.polrelid = h.oid
 UNION ALL
SELECT h.bare, h.name, 'rule', h.name || ' ' || r.rulename, pg_get_ruledef(r.oid)
  FROM held AS h
  JOIN pg_catalog.pg_rewrite AS r ON r.ev_class = h.oid
 WHERE r.rulename <> '_RETURN'
 UNION ALL
SELECT h.bare, h.name, 'trigger', h.name || ' ' || t.tgname,
       concat_ws(' ', replace(pg_get_triggerdef(t.oid), h.bare, h.name),
                 'fires', t.tgenabled)
  FROM held AS h
  JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = h.oid
 WHERE NOT t.tgisinternal
 UNION ALL
SELECT h.bare, h.name, 'column', h.name || ' ' || a.attname,
       concat_ws(' ', 'number',
                 row_number() OVER (PARTITION BY h.oid ORDER BY a.attnum),
                 format_type(a.atttypid, a.atttypmod),
                 'collate ' || l.collname,
                 CASE WHEN a.attnotnull THEN 'not null' END,
                 CASE WHEN a.attgenerated <> '' THEN 'generated' END,
                 CASE WHEN a.attidentity <> '' THEN 'identity' END,
                 'default ' || pg_get_expr(d.adbin, d.adrelid))
  FROM held AS h
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = h.oid
  LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation
  LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = h.oid AND d.adnum = a.attnum
 WHERE a.attnum > 0 AND NOT a.attisdropped AND h.relkind <> 'S' AND %(whole)s
 UNION ALL
SELECT h.bare, h.name, 'constraint', h.name || ' ' || replace(k.conname, h.bare, h.name),
       concat_ws(' ', pg_get_constraintdef(k.oid),
                 CASE WHEN NOT k.convalidated THEN 'not validated' END)
  FROM held AS h
  JOIN pg_catalog.pg_constraint AS k ON k.conrelid = h.oid
 WHERE k.contype <> 'n' AND %(whole)s
 UNION ALL
SELECT h.bare, h.name, 'index', h.name || ' ' || replace(c.relname, h.bare, h.name),
       concat_ws(' ', replace(pg_get_indexdef(i.indexrelid), h.bare, h.name),
                 CASE WHEN NOT (i.indisvalid AND i.indisready AND i.indislive)
                      THEN 'not valid' END)
  FROM held AS h
  JOIN pg_catalog.pg_index AS i ON i.indrelid = h.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
 WHERE %(whole)s
 UNION ALL
SELECT h.bare, h.name, 'inheriting', h.name,
       CASE WHEN c.relnamespace = p.relnamespace AND c.relispartition
            THEN '<partition>' ELSE c.oid::regclass::text END
  FROM held AS h
  JOIN pg_catalog.pg_inherits AS i ON i.inhparent = h.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid
  JOIN pg_catalog.pg_class AS p ON p.oid = i.inhparent
 UNION ALL
SELECT '', '', 'function', f.proname || '(' || pg_get_function_identity_arguments(f.oid) || ')',
       CASE WHEN f.prokind = 'a' THEN 'aggregate' ELSE pg_get_functiondef(f.oid) END
  FROM pg_catalog.pg_proc AS f
  JOIN pg_catalog.pg_namespace AS n ON n.oid = f.pronamespace
 WHERE n.nspname = %(schema)s
 UNION ALL
SELECT '', '', 'type', t.typname, t.typtype::text
  FROM pg_catalog.pg_type AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
 WHERE n.nspname = %(schema)s AND t.typrelid = 0 AND t.typelem = 0
 UNION ALL
SELECT '', '', 'operator', o.oid::regoperator::text, o.oprcode::text
  FROM pg_catalog.pg_operator AS o
  JOIN pg_catalog.pg_namespace AS n ON n.oid = o.oprnamespace
 WHERE n.nspname = %(schema)s
 ORDER BY 1, 3, 4, 5;
