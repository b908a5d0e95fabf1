-- How are these events known, when were they sealed, and what is against them?
--
-- %(ids)s           uuid[]       ids of events, decisions or others
-- %(as_of)s         timestamptz  what had happened by then; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each event that is recorded. conflicting: other bytes stand under the same
-- id, or other content under the same label of a model. erased: a decision whose payload
-- was deleted.
-- Serves: the status of every field of every answer.
SELECT e.event_id, e.basis, e.time, e.sealed_at,
       EXISTS (
          SELECT FROM integrity.repetition AS r
           WHERE r.event_id = e.event_id AND r.digest <> e.digest
             AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) OR EXISTS (
          SELECT FROM registry.model_version AS v
            JOIN registry.model_version AS o
              ON o.model = v.model AND o.version = v.version
             AND o.artifact_digest <> v.artifact_digest
           WHERE v.event_id = e.event_id
             AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
             AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS conflicting,
       false AS erased
  FROM integrity.event AS e
 WHERE e.event_id = ANY (%(ids)s)
   AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION ALL
SELECT d.event_id, 'observed', d.time, d.sealed_at,
       EXISTS (
          SELECT FROM decisions.repetition AS r
           WHERE r.event_id = d.event_id AND r.digest <> d.digest
             AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ),
       EXISTS (
          SELECT FROM decisions.payload_deletion AS p
           WHERE p.decision_ids @> ARRAY[d.event_id]
             AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
             AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       )
  FROM decisions.decision AS d
 WHERE d.event_id = ANY (%(ids)s)
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity');
