-- Which approvals were decided, by whom, with which meaning?
--
-- %(object)s        uuid         event that describes the object; null: all
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first. matches tells whether the digest that was approved
-- is that of the release; null when the object is no release.
-- Serves: 21 CFR 11.50; OSFI E-23; regulation question Q06.
SELECT a.event_id, a.time, a.sealed_at, a.origin, a.leaf, a.idx, a.identity,
       a.object_id, a.gate, a.content_digest, a.decision, a.meaning, a.conditions,
       a.expires, a.mandate, a.signature_kind, a.issuer, a.auth_time, a.request_id,
       q.requested_of, q.time AS requested_at, e.identity_kind,
       r.release_digest = a.content_digest AS matches
  FROM registry.approval AS a
  LEFT JOIN registry.approval_request AS q ON q.event_id = a.request_id
  LEFT JOIN integrity.event AS e ON e.event_id = a.event_id
  LEFT JOIN registry.release AS r ON r.event_id = a.object_id
 WHERE (%(object)s::uuid IS NULL OR a.object_id = %(object)s)
   AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY a.time DESC, a.event_id DESC
 LIMIT %(limit)s;
