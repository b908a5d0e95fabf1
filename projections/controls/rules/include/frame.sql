-- The frame around every rule: a breach that a recorded exception covers is none as long as
-- the exception is in force. It covers the rule it names, for the object it names (or one
-- that the breach shows as evidence), or else for its whole AI system. A query may name the
-- severity of a breach, where it is not that of the rule.
--
-- %(rule)s  text  id of the rule
SELECT t.object_id, t.object_name, t.model, t.system_id,
       t.breached AND x.event_id IS NULL AS breached, t.detail,
       CASE WHEN x.event_id IS NULL THEN t.cause ELSE '' END AS cause, t.evidence,
       CASE WHEN t.breached THEN to_jsonb(t) ->> 'severity' END AS severity,
       x.event_id AS exception_id, x.expires AS excepted_until
  FROM (
-- include query
       ) AS t
  LEFT JOIN LATERAL (
       SELECT x.event_id, x.expires
         FROM governance.exception AS x
        WHERE x.policy = %(rule)s::text
          AND (x.object_id = t.object_id OR x.object_id = ANY (t.evidence)
               OR (x.object_id IS NULL AND x.system = t.system_id))
          AND x.expires > %(as_of)s
          AND x.time <= %(as_of)s AND x.sealed_at <= %(known_as_of)s
          AND NOT EXISTS (
              SELECT FROM governance.exception_end AS e
               WHERE e.exception_id = x.event_id
                 AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s)
        ORDER BY x.expires DESC, x.event_id
        LIMIT 1
       ) AS x ON t.breached;
