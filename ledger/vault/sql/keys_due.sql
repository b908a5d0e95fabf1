-- Data keys with a payload whose time is up.
--
-- %(before)s  timestamptz  the decision was made by then
-- %(uses)s    text[]       of these uses alone; empty means all
-- %(stale)s   timestamptz  quarantined payload that arrived by then is due as well
-- %(after)s   bytea        key ids above this one
-- %(limit)s   integer
SELECT DISTINCT p.key_id
  FROM vault.payload AS p
  LEFT JOIN vault.decision AS d USING (decision_id)
 WHERE p.key_id > %(after)s
   AND ((p.state = 'quarantined' AND p.received_at <= %(stale)s)
     OR (d.time <= %(before)s AND (cardinality(%(uses)s::text[]) = 0
                                  OR d.use = ANY (%(uses)s))))
 ORDER BY p.key_id
 LIMIT %(limit)s;
