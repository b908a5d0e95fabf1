-- w: who is recorded as author of what an approval is about, and whether its approver is
-- among them. Authors are who signed the run, the model version, the release, its tests or
-- the request, and the person whom a service that signed one of these names as who acted.
-- authors: all of them; persons: how many entries are of persons; units: their
-- units as registered, null where one is not. among: yes; no; or unknown, where no person
-- is among them or the approver's key is no person's.
-- Needs a, the approval; e, its event; r, the release, and v, the model version.
  LEFT JOIN LATERAL (
       SELECT array_agg(DISTINCT b.author) AS authors,
              count(*) FILTER (WHERE b.is_person) AS persons,
              CASE WHEN bool_and(u.unit IS NOT NULL)
                   THEN array_agg(DISTINCT u.unit) END AS units,
              CASE WHEN a.identity = ANY (array_agg(b.author)) THEN 'yes'
                   WHEN e.identity_kind = 'person' AND bool_or(b.is_person) THEN 'no'
                   ELSE 'unknown' END AS among
         FROM integrity.event AS i
        CROSS JOIN LATERAL (
              SELECT i.identity AS author, coalesce(i.identity_kind = 'person', false) AS is_person
               UNION ALL
              SELECT i.actor, true
               WHERE i.identity_kind = 'service' AND i.actor ~ '^person:\S+$'
              ) AS b
         LEFT JOIN LATERAL (
              SELECT u.unit
                FROM registry.principal AS u
               WHERE u.principal = b.author
                 AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
               ORDER BY u.time DESC, u.event_id DESC
               LIMIT 1
              ) AS u ON true
        WHERE i.event_id = ANY (
              ARRAY [r.event_id, v.event_id, v.run_id, a.request_id]
              || ARRAY (SELECT t.event_id
                          FROM lineage.evaluation AS t
                         WHERE t.model_version_id = v.event_id))
          AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS w ON true
