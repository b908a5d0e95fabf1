-- Which holds are there, what do they cover, and was anything tried against them?
--
-- %(hold)s          text         name of the hold; null: all
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a hold, newest first. covered counts the decisions that it covers by name, case
-- or use among those recorded; attempts the deletions that left a payload in place on its
-- account; deleted_during the covered payloads that were deleted while it was in force.
-- Serves: EU AI Act, Article 73(6); regulation question Q32.
SELECT h.event_id, h.time, h.sealed_at, h.origin, h.leaf, h.idx, h.identity,
       h.hold, h.reason, h.provision, h.everything, h.uses,
       cardinality(h.decisions) AS named_decisions, cardinality(h.cases) AS named_cases,
       h.time AS placed_at, e.event_id AS release_id, e.time AS released_at,
       e.event_id IS NULL AS active, n.covered, a.attempts, a.attempt_ids,
       g.deleted_during, g.deletion_ids
  FROM governance.hold AS h
  LEFT JOIN LATERAL (
       SELECT e.event_id, e.time
         FROM governance.hold_release AS e
        WHERE e.hold = h.hold AND e.time >= h.time AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY e.time, e.event_id
        LIMIT 1
       ) AS e ON true
  LEFT JOIN LATERAL (
       SELECT count(*) AS covered
         FROM decisions.decision AS d
        WHERE (h.everything OR d.event_id = ANY (h.decisions)
               OR d.case_id = ANY (h.cases) OR d.use = ANY (h.uses)) AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
               AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS n ON true
  LEFT JOIN LATERAL (
       SELECT count(*) AS attempts, array_agg(DISTINCT x.event_id) AS attempt_ids
         FROM decisions.payload_deletion AS x
        CROSS JOIN LATERAL jsonb_to_recordset(x.retained) AS k (rule text)
        WHERE k.rule = h.hold AND x.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND x.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS a ON true
  LEFT JOIN LATERAL (
       SELECT count(*) AS deleted_during, array_agg(DISTINCT x.event_id) AS deletion_ids
         FROM decisions.payload_deletion AS x
        CROSS JOIN LATERAL unnest(x.decision_ids) AS k (id)
         LEFT JOIN decisions.decision AS d ON d.event_id = k.id
        WHERE x.deleted_at >= h.time AND x.deleted_at < coalesce(e.time, 'infinity')
          AND (h.everything OR k.id = ANY (h.decisions) OR d.case_id = ANY (h.cases)
               OR d.use = ANY (h.uses)) AND x.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
               AND x.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS g ON true
 WHERE (%(hold)s::text IS NULL OR h.hold = %(hold)s) AND h.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND h.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY h.time DESC, h.event_id DESC;
