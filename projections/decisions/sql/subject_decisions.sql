-- Which decisions are recorded under these ids of decisions and cases?
--
-- %(decisions)s     uuid[]       decisions by their events
-- %(cases)s         uuid[]       cases by their random ids
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a decision, oldest first. Who the person is stands in the vault alone, which
-- gives the ids. kept_until is the end of the longest duty to keep, delete_by of the
-- shortest duty to delete, by the rules in force; holds name what stops a deletion.
-- Serves: GDPR, Article 15; 11 CCR 7222; regulation question Q10.
WITH rule AS (
     SELECT DISTINCT ON (r.rule) r.event_id, r.rule, r.bound, r.period_days, r.uses,
            r.enabled
       FROM governance.retention_rule AS r
      WHERE r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      ORDER BY r.rule, r.time DESC, r.event_id DESC
)
SELECT d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
       d.case_id, coalesce(p.system_id, r.system_id) AS system, r.model, r.version,
       coalesce(p.event_id, r.event_id) AS system_by, d.release_id, d.deployment_id,
       d.use, d.mode, d.path, d.output, d.adverse, d.caller,
       (SELECT array_agg(DISTINCT n.recipient ORDER BY n.recipient)
          FROM decisions.notice AS n
         WHERE n.decision_id = d.event_id AND n.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
           AND n.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')) AS recipients,
       (SELECT array_agg(n.event_id ORDER BY n.sent_at, n.event_id)
          FROM decisions.notice AS n
         WHERE n.decision_id = d.event_id AND n.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
           AND n.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')) AS notice_ids,
       k.kept_until, k.keep_id, b.delete_by, b.delete_id, h.holds, h.hold_ids,
       CASE WHEN x.event_id IS NOT NULL THEN 'deleted'
            WHEN d.payload_commitment IS NOT NULL THEN 'committed' END AS payload,
       x.event_id AS deletion_id, x.deleted_at
  FROM decisions.decision AS d
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN registry.deployment AS p ON p.event_id = d.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN LATERAL (
       SELECT d.time + r.period_days * interval '1 day' AS kept_until,
              r.event_id AS keep_id
         FROM rule AS r
        WHERE r.enabled AND r.bound = 'floor' AND (r.uses = '{}' OR d.use = ANY (r.uses))
        ORDER BY r.period_days DESC, r.rule
        LIMIT 1
       ) AS k ON true
  LEFT JOIN LATERAL (
       SELECT d.time + r.period_days * interval '1 day' AS delete_by,
              r.event_id AS delete_id
         FROM rule AS r
        WHERE r.enabled AND r.bound = 'ceiling'
          AND (r.uses = '{}' OR d.use = ANY (r.uses))
        ORDER BY r.period_days, r.rule
        LIMIT 1
       ) AS b ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(h.hold ORDER BY h.hold) AS holds,
              array_agg(h.event_id ORDER BY h.hold) AS hold_ids
         FROM governance.hold AS h
        WHERE (h.everything OR d.event_id = ANY (h.decisions)
               OR d.case_id = ANY (h.cases) OR d.use = ANY (h.uses))
          AND h.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND h.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
          AND NOT EXISTS (
              SELECT FROM governance.hold_release AS e
               WHERE e.hold = h.hold AND e.time >= h.time AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
       ) AS h ON true
  LEFT JOIN LATERAL (
       SELECT x.event_id, x.deleted_at
         FROM decisions.payload_deletion AS x
        WHERE x.decision_ids @> ARRAY[d.event_id] AND x.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND x.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY x.time, x.event_id
        LIMIT 1
       ) AS x ON true
 WHERE (d.event_id = ANY (%(decisions)s) OR d.case_id = ANY (%(cases)s))
   AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR d.time < %(until)s)
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY d.time, d.event_id;
