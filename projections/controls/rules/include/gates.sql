-- needed: for each deployment that runs, the gates that its environment had when it was
-- activated, and how many persons must approve there; a gate of a later day binds later
-- deployments. given: the newest decision of each person on that release at that
-- gate, if it lets it pass, and whether its digest is the release's. waived: gates that an
-- exception in force covers. Needs live.
needed AS MATERIALIZED (
SELECT l.deployment_id, l.since, l.environment, l.service, l.release_id, l.release,
       l.version_id, l.model, l.system_id, l.name, r.release_digest, d.emergency,
       g.gate, g.approvals, s.materiality
  FROM live AS l
  JOIN registry.deployment AS d ON d.event_id = l.deployment_id
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
  JOIN registry.release AS r ON r.event_id = l.release_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
  JOIN LATERAL (
       SELECT e.gates
         FROM registry.environment AS e
        WHERE e.environment = l.environment AND e.time <= l.since
          AND e.time <= %(as_of)s AND e.sealed_at <= %(known_as_of)s
        ORDER BY e.time DESC, e.event_id DESC
        LIMIT 1
       ) AS e ON true
  LEFT JOIN LATERAL (
       SELECT s.materiality
         FROM registry.system AS s
        WHERE s.system = l.system_id
          AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
        ORDER BY s.time DESC, s.event_id DESC
        LIMIT 1
       ) AS s ON true
 CROSS JOIN LATERAL jsonb_to_recordset(e.gates)
       AS g (gate text, materiality text, approvals int)
 WHERE g.approvals > 0 AND (g.materiality IS NULL OR g.materiality = s.materiality)
),
given AS MATERIALIZED (
SELECT n.deployment_id, n.gate, a.event_id AS approval_id, a.identity, a.time,
       a.expires, a.mandate
  FROM needed AS n
  JOIN LATERAL (
       SELECT DISTINCT ON (a.identity)
              a.event_id, a.identity, a.time, a.expires, a.mandate, a.decision,
              a.content_digest
         FROM registry.approval AS a
        WHERE a.object_id = n.release_id AND a.gate = n.gate
          AND a.time <= %(as_of)s AND a.sealed_at <= %(known_as_of)s
        ORDER BY a.identity, a.time DESC, a.event_id DESC
       ) AS a ON a.decision IN ('approve', 'conditional')
 WHERE a.content_digest = n.release_digest
),
waived AS MATERIALIZED (
SELECT DISTINCT n.deployment_id, n.gate
  FROM needed AS n
  JOIN governance.exception AS x
    ON (x.object_id IN (n.release_id, n.deployment_id, n.version_id)
        OR (x.object_id IS NULL AND x.system = n.system_id))
 WHERE x.policy IN (n.gate, %(rule)s::text)
   AND x.time <= %(as_of)s AND x.sealed_at <= %(known_as_of)s
   AND x.expires > %(as_of)s
   AND NOT EXISTS (
       SELECT FROM governance.exception_end AS f
        WHERE f.exception_id = x.event_id
          AND f.time <= %(as_of)s AND f.sealed_at <= %(known_as_of)s)
),
