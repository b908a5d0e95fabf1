-- Where is the event with this id?
--
-- %(id)s            uuid         id of the event
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row, of whatever type; none when no event of that id is projected.
-- Serves: regulation question Q11.
SELECT e.event_id, e.time, e.sealed_at, e.origin, e.leaf, e.idx, e.identity,
       e.type::text, e.version, e.digest, e.identity_kind, e.subject, e.correlation_id,
       e.causation_id, e.actor, e.basis, e.system_id
  FROM integrity.event AS e
 WHERE e.event_id = %(id)s
   AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
       'prediction.decision.recorded', 1, d.digest, NULL, NULL, d.correlation_id,
       NULL, NULL, NULL, NULL
  FROM decisions.decision AS d
 WHERE d.event_id = %(id)s
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity');
