-- Which approvals were decided, by whom, with which meaning, and were they free to?
--
-- %(objects)s       uuid[]       events that describe the objects; null: all
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first. matches tells whether the digest that was approved
-- is that of the release; null when the object is no release. mandate_valid: a grant that
-- names the gate held for the approver at the time of the decision; null when no grant
-- names that gate, or tiers cannot be compared. approver_among_recorded_authors: yes, no
-- or unknown; include/recorded_authors.sql says which. org_unit_differs compares units as
-- registered; null where one is not.
-- Serves: 21 CFR 11.50; OSFI E-23; regulation question Q06.
SELECT a.event_id, a.time, a.sealed_at, a.origin, a.leaf, a.idx, a.identity,
       a.object_id, a.gate, a.content_digest, a.decision, a.meaning, a.conditions,
       a.expires, a.mandate, a.signature_kind, a.issuer, a.auth_time, a.request_id,
       q.requested_of, q.time AS requested_at, e.identity_kind,
       r.release_digest = a.content_digest AS matches,
       CASE WHEN m.grants > 0 THEN m.valid END AS mandate_valid,
       CASE WHEN w.units IS NULL OR p.unit IS NULL THEN NULL
            ELSE p.unit <> ALL (w.units) END AS org_unit_differs,
       p.line AS line_of_defence,
       w.among AS approver_among_recorded_authors,
       x.revoked_at
  FROM (
       SELECT *
         FROM registry.approval AS a
        WHERE (%(objects)s::uuid[] IS NULL OR a.object_id = ANY (%(objects)s))
          AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY a.time DESC, a.event_id DESC
        LIMIT %(limit)s
       ) AS a
  LEFT JOIN registry.approval_request AS q ON q.event_id = a.request_id
  LEFT JOIN integrity.event AS e ON e.event_id = a.event_id
  LEFT JOIN registry.release AS r ON r.event_id = a.object_id
  LEFT JOIN registry.model_version AS v
    ON v.event_id = coalesce(r.model_version_id, a.object_id)
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN LATERAL (
       SELECT s.materiality
         FROM registry.system AS s
        WHERE s.system = coalesce(r.system_id, v.system_id, a.system_id)
          AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY s.time DESC, s.event_id DESC
        LIMIT 1
       ) AS s ON true
  LEFT JOIN LATERAL (
       SELECT count(*) AS grants,
              CASE WHEN bool_or(g.fits) THEN true
                   WHEN bool_or(g.fits IS NULL) THEN NULL
                   ELSE false END AS valid
         FROM (
              SELECT g.principal = a.identity AND g.time <= a.time
                     AND g.valid_from <= a.time
                     AND coalesce(g.until, 'infinity') > a.time
                     AND (g.system IS NULL
                          OR g.system = coalesce(r.system_id, v.system_id, a.system_id))
                     AND (g.model IS NULL OR g.model = coalesce(r.model, v.model))
                     AND NOT EXISTS (
                         SELECT FROM governance.role_end AS z
                          WHERE z.grant_id = g.event_id AND z.effective_at <= a.time
                            AND z.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                            AND z.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                         )
                     AND (g.max_materiality IS NULL OR g.max_materiality = s.materiality
                          OR array_position(t.tiers, lower(g.max_materiality))
                             >= array_position(t.tiers, lower(s.materiality))) AS fits
                FROM governance.role AS g,
                     (VALUES (ARRAY ['minimal', 'low', 'limited', 'medium', 'high',
                                     'critical'])) AS t (tiers)
               WHERE g.gates @> ARRAY [a.gate]::varchar[]
                 AND g.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND g.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
              ) AS g
       ) AS m ON true
-- include recorded_authors
  LEFT JOIN LATERAL (
       SELECT p.unit, p.line
         FROM registry.principal AS p
        WHERE p.principal = a.identity
          AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY p.time DESC, p.event_id DESC
        LIMIT 1
       ) AS p ON true
  LEFT JOIN LATERAL (
       SELECT min(x.effective_at) AS revoked_at
         FROM registry.approval_revocation AS x
        WHERE x.approval_id = a.event_id
          AND x.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND x.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS x ON true
 ORDER BY a.time DESC, a.event_id DESC;
