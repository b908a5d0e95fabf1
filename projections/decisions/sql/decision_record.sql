-- What is recorded of one decision, and of the system that made it?
--
-- %(decision)s      uuid         the decision
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row; each column stands for a field of the record of an individual decision. live:
-- whether its deployment was active when it was made; loaded: whether the process attested
-- to have loaded what the release names. reviews, notices, requests and outcomes are
-- lists, oldest first.
-- Serves: EU AI Act, Article 86(1); 12 CFR 1002.9; regulation question Q11.
SELECT d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
       d.time AS decided_at, d.case_id, d.use, d.mode, d.path, d.output, d.adverse,
       d.reason_codes, d.caller, d.latency_us, d.replaces_decision_id,
       (SELECT array_agg(o.event_id ORDER BY o.time)
          FROM decisions.decision AS o
         WHERE d.case_id IS NOT NULL AND o.case_id = d.case_id
           AND o.replaces_decision_id = d.event_id AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
           AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')) AS replaced_by,
       p.event_id AS deployment_id, p.environment, p.service, p.role,
       coalesce(p.system_id, r.system_id) AS system, s.event_id AS system_event_id,
       s.title AS system_title, s.purpose, s.owner AS system_owner,
       r.event_id AS release_id, r.release, r.release_digest, r.model, r.version,
       r.thresholds, r.approved_uses, r.restrictions, r.instructions_digest,
       CASE WHEN p.event_id IS NULL THEN NULL
            ELSE p.time <= d.time AND NOT EXISTS (
                SELECT FROM registry.deployment_change AS c
                 WHERE c.deployment_id = p.event_id AND c.change = 'deactivated'
                   AND c.time <= d.time AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                   AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')) END AS live,
       a.event_id AS attestation_id, a.matches AS loaded, a.release_digest AS loaded_digest,
       g.event_id AS approval_id, g.decision AS approved, g.gate,
       v.run_id, v.event_id AS model_version_id,
       i.datasets, i.sources, i.input_ids, w.reviews, w.review_ids, w.final_output,
       w.overridden, n.notices, n.notice_ids, q.requests, q.request_ids, t.outcome,
       t.outcome_ids, x.event_id AS deletion_id, x.deleted_at,
       CASE WHEN x.event_id IS NOT NULL THEN 'deleted'
            WHEN d.payload_commitment IS NOT NULL THEN 'committed' END AS payload
  FROM decisions.decision AS d
  LEFT JOIN registry.deployment AS p ON p.event_id = d.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN registry.model_version AS v ON v.event_id = r.model_version_id AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN LATERAL (
       SELECT s.*
         FROM registry.system AS s
        WHERE s.system = coalesce(p.system_id, r.system_id) AND s.time <= d.time AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY s.time DESC, s.event_id DESC
        LIMIT 1
       ) AS s ON true
  LEFT JOIN LATERAL (
       SELECT a.*
         FROM registry.process_attestation AS a
        WHERE (a.event_id = d.attestation_id
               OR (d.attestation_id IS NULL AND a.deployment_id = d.deployment_id))
          AND a.time <= d.time AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY a.time DESC, a.event_id DESC
        LIMIT 1
       ) AS a ON true
  LEFT JOIN LATERAL (
       SELECT g.*
         FROM registry.approval AS g
        WHERE g.object_id = d.release_id AND g.time <= d.time AND g.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND g.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY g.time DESC, g.event_id DESC
        LIMIT 1
       ) AS g ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(DISTINCT coalesce(i.dataset, w.dataset)) AS datasets,
              array_agg(DISTINCT u.source) FILTER (WHERE u.source IS NOT NULL) AS sources,
              array_agg(DISTINCT i.event_id) AS input_ids
         FROM lineage.input AS i
         LEFT JOIN lineage.dataset_version AS w
                ON w.event_id = i.dataset_version_id AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
         LEFT JOIN LATERAL unnest(w.sources) AS u (source) ON true
        WHERE i.run_id = v.run_id AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS i ON true
  LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object(
                  'action', w.action, 'reviewer', w.reviewer, 'role', w.role,
                  'final_output', w.final_output, 'reason_code', w.reason_code,
                  'opened_at', to_json(w.opened_at AT TIME ZONE 'UTC') #>> '{}' || 'Z', 'decided_at', to_json(w.decided_at AT TIME ZONE 'UTC') #>> '{}' || 'Z')
                  ORDER BY w.time, w.event_id) AS reviews,
              array_agg(w.event_id ORDER BY w.time, w.event_id) AS review_ids,
              (array_agg(w.final_output ORDER BY w.time DESC, w.event_id DESC))[1]
                  AS final_output,
              bool_or(w.action IN ('override', 'modify')) AS overridden
         FROM decisions.review AS w
        WHERE w.decision_id = d.event_id AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS w ON true
  LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object(
                  'kind', n.kind, 'regime', n.regime, 'reasons', n.reasons,
                  'due', to_json(n.due AT TIME ZONE 'UTC') #>> '{}' || 'Z', 'sent_at', to_json(n.sent_at AT TIME ZONE 'UTC') #>> '{}' || 'Z', 'document', n.document)
                  ORDER BY n.sent_at, n.event_id) AS notices,
              array_agg(n.event_id ORDER BY n.sent_at, n.event_id) AS notice_ids
         FROM decisions.notice AS n
        WHERE n.decision_id = d.event_id AND n.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND n.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS n ON true
  LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object(
                  'kind', q.kind, 'request', q.request, 'received_at', to_json(q.received_at AT TIME ZONE 'UTC') #>> '{}' || 'Z',
                  'due', to_json(q.due AT TIME ZONE 'UTC') #>> '{}' || 'Z', 'outcome', y.outcome, 'answered_at', to_json(y.answered_at AT TIME ZONE 'UTC') #>> '{}' || 'Z')
                  ORDER BY q.received_at, q.event_id) AS requests,
              array_agg(q.event_id ORDER BY q.received_at, q.event_id) AS request_ids
         FROM governance.request AS q
         LEFT JOIN LATERAL (
              SELECT y.outcome, y.answered_at
                FROM governance.request_answer AS y
               WHERE y.request_id = q.event_id AND y.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND y.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
               ORDER BY y.time DESC, y.event_id DESC
               LIMIT 1
              ) AS y ON true
        WHERE (q.decision_id = d.event_id OR q.case_id_id = d.case_id) AND q.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND q.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS q ON true
  LEFT JOIN LATERAL (
       SELECT (array_agg(t.outcome ORDER BY t.time DESC, t.event_id DESC))[1] AS outcome,
              array_agg(t.event_id ORDER BY t.time DESC, t.event_id DESC) AS outcome_ids
         FROM decisions.outcome AS t
        WHERE t.decision_id = d.event_id AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS t ON true
  LEFT JOIN LATERAL (
       SELECT x.event_id, x.deleted_at
         FROM decisions.payload_deletion AS x
        WHERE x.decision_ids @> ARRAY[d.event_id] AND x.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND x.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY x.time, x.event_id
        LIMIT 1
       ) AS x ON true
 WHERE d.event_id = %(decision)s AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity');
