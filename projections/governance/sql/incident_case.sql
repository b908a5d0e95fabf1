-- What is known of an incident?
--
-- %(incident)s      text         number of the incident
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most one row: the opening, and what later events say of it.
-- Serves: EU AI Act, Article 73; regulation question Q13.
SELECT i.event_id, i.time, i.sealed_at, i.origin, i.leaf, i.idx, i.identity,
       i.incident, i.title, i.occurred_at, i.aware_at, i.member_states,
       coalesce(u.severity, i.severity) AS severity,
       coalesce(u.severity_id, i.event_id) AS severity_id,
       coalesce(u.category, i.category) AS category,
       coalesce(u.category_id, i.event_id) AS category_id,
       u.causal_link_at, u.causal_id,
       (SELECT array_agg(DISTINCT x.id)
          FROM (SELECT unnest(i.releases) AS id
                 UNION ALL SELECT unnest(u.releases)) AS x) AS releases,
       e.event_id AS end_id, e.time AS closed_at, e.outcome
  FROM governance.incident AS i
  LEFT JOIN LATERAL (
       SELECT (array_agg(u.severity ORDER BY u.time DESC, u.event_id DESC)
                  FILTER (WHERE u.severity IS NOT NULL))[1] AS severity,
              (array_agg(u.event_id ORDER BY u.time DESC, u.event_id DESC)
                  FILTER (WHERE u.severity IS NOT NULL))[1] AS severity_id,
              (array_agg(u.category ORDER BY u.time DESC, u.event_id DESC)
                  FILTER (WHERE u.category IS NOT NULL))[1] AS category,
              (array_agg(u.event_id ORDER BY u.time DESC, u.event_id DESC)
                  FILTER (WHERE u.category IS NOT NULL))[1] AS category_id,
              (array_agg(u.causal_link_at ORDER BY u.time, u.event_id)
                  FILTER (WHERE u.causal_link_at IS NOT NULL))[1] AS causal_link_at,
              (array_agg(u.event_id ORDER BY u.time, u.event_id)
                  FILTER (WHERE u.causal_link_at IS NOT NULL))[1] AS causal_id,
              (SELECT array_agg(x) FROM governance.incident_update AS o
                CROSS JOIN LATERAL unnest(o.releases) AS x
                WHERE o.incident = %(incident)s AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                  AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')) AS releases
         FROM governance.incident_update AS u
        WHERE u.incident = i.incident AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS u ON true
  LEFT JOIN LATERAL (
       SELECT e.*
         FROM governance.incident_end AS e
        WHERE e.incident = i.incident AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY e.time DESC, e.event_id DESC
        LIMIT 1
       ) AS e ON true
 WHERE i.incident = %(incident)s AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY i.time, i.event_id
 LIMIT 1;
