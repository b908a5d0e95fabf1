-- Which versions do these model versions depend on, directly?
--
-- %(versions)s      uuid[]       model versions
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each parent that a version names. exact tells whether the reference is to
-- the very bytes of the parent's event; null when no such event is recorded.
-- Serves: EU AI Act, Annex IV(2); regulation question Q09.
SELECT v.event_id, v.time, v.sealed_at, v.origin, v.leaf, v.idx, v.identity,
       p.kind, (p.version ->> 'id')::uuid AS parent_id, o.model, o.version,
       o.artifact_digest,
       encode(e.digest, 'hex') = substr(p.version ->> 'digest', 8) AS exact
  FROM registry.model_version AS v
 CROSS JOIN LATERAL jsonb_to_recordset(v.parents) AS p (kind text, version jsonb)
  LEFT JOIN registry.model_version AS o ON o.event_id = (p.version ->> 'id')::uuid
   AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN integrity.event AS e ON e.event_id = o.event_id
   AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE v.event_id = ANY (%(versions)s)
   AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY v.event_id, p.kind, parent_id;
