-- v: the first review of a reading by another person: a statement in reply to it for the
-- field access.review, signed with a person's key that is not the reader's. Needs a, the
-- reading.
  LEFT JOIN LATERAL (
       SELECT s.event_id AS review_id, s.identity AS reviewed_by, s.time AS reviewed_at,
              s.text AS finding, s.document
         FROM lineage.statement AS s
         JOIN integrity.event AS i ON i.event_id = s.event_id
          AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        WHERE s.in_reply_to = a.event_id AND s.field = 'access.review'
          AND i.identity_kind = 'person' AND s.time >= a.time
          AND s.identity NOT IN (a.principal, a.identity)
          AND s.author IS DISTINCT FROM a.principal
          AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY s.time, s.event_id
        LIMIT 1
       ) AS v ON true
