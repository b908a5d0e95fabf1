-- Which retention rules are in force, and are they kept?
--
-- %(data_class)s    text         class of data; null: all
-- %(now)s           timestamptz  moment against which periods are counted
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a rule, its newest setting. Of payload: oldest_kept is the oldest decision whose
-- payload was committed to and not deleted; earliest_deletion its time and the floor's
-- days; overdue counts payloads past a ceiling that no hold covers, held those that one
-- covers, deleted the decisions whose payload is gone on its account. Of other classes
-- nothing is recorded that could be counted.
-- Serves: EU AI Act, Articles 18(1), 19(1) and 26(6); regulation question Q24.
WITH rule AS (
     SELECT DISTINCT ON (r.rule) r.*
       FROM governance.retention_rule AS r
      WHERE r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      ORDER BY r.rule, r.time DESC, r.event_id DESC
), hold AS (
     SELECT h.*
       FROM governance.hold AS h
      WHERE h.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND h.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        AND NOT EXISTS (
            SELECT FROM governance.hold_release AS e
             WHERE e.hold = h.hold AND e.time >= h.time AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
               AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
), gone AS (
     SELECT x.event_id, x.rule, d.id
       FROM decisions.payload_deletion AS x
      CROSS JOIN LATERAL unnest(x.decision_ids) AS d (id)
      WHERE x.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND x.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
), kept AS (
     SELECT d.event_id, d.time, d.use, d.case_id
       FROM decisions.decision AS d
      WHERE d.payload_commitment IS NOT NULL AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        AND NOT EXISTS (SELECT FROM gone AS g WHERE g.id = d.event_id)
)
SELECT r.event_id, r.time, r.sealed_at, r.origin, r.leaf, r.idx, r.identity,
       r.data_class, r.rule, r.bound, r.period_days, r.provision, r.uses, r.enabled,
       k.event_id AS oldest_id, k.time AS oldest_kept,
       CASE WHEN r.bound = 'floor' THEN k.time + r.period_days * interval '1 day' END
           AS earliest_deletion,
       o.overdue, o.held,
       CASE WHEN r.data_class = 'payload' THEN g.deleted END AS deleted, g.deletion_ids,
       h.holds, h.hold_ids
  FROM rule AS r
  LEFT JOIN LATERAL (
       SELECT k.event_id, k.time
         FROM kept AS k
        WHERE r.uses = '{}' OR k.use = ANY (r.uses)
        ORDER BY k.time, k.event_id
        LIMIT 1
       ) AS k ON r.data_class = 'payload'
  LEFT JOIN LATERAL (
       SELECT count(*) FILTER (WHERE NOT c.covered) AS overdue,
              count(*) FILTER (WHERE c.covered) AS held
         FROM kept AS k
        CROSS JOIN LATERAL (
              SELECT EXISTS (
                     SELECT FROM hold AS h
                      WHERE h.everything OR k.event_id = ANY (h.decisions)
                         OR k.case_id = ANY (h.cases) OR k.use = ANY (h.uses)
                     ) AS covered
              ) AS c
        WHERE (r.uses = '{}' OR k.use = ANY (r.uses))
          AND k.time + r.period_days * interval '1 day' < %(now)s
       ) AS o ON r.data_class = 'payload' AND r.bound = 'ceiling' AND r.enabled
  LEFT JOIN LATERAL (
       SELECT count(*) AS deleted, array_agg(DISTINCT g.event_id) AS deletion_ids
         FROM gone AS g
        WHERE g.rule = r.rule
       ) AS g ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(h.hold ORDER BY h.hold) AS holds,
              array_agg(h.event_id ORDER BY h.hold) AS hold_ids
         FROM hold AS h
        WHERE h.everything OR r.uses = '{}' OR h.uses && r.uses
       ) AS h ON r.data_class = 'payload'
 WHERE %(data_class)s::text IS NULL OR r.data_class = %(data_class)s
 ORDER BY r.data_class, r.rule;
