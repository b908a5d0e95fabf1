-- Which versions does a model have, and do labels conflict?
--
-- %(model)s           text         name of the model; null: all
-- %(version)s         text         label of the version; null: all
-- %(model_version)s   uuid         one version by its event; null: all
-- %(limit)s           bigint       at most so many rows
-- %(as_of)s           timestamptz  when it was true; null: no bound
-- %(known_as_of)s     timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first; conflicting is true when the same label of the model
-- names other content too. withdrawn_at: from when it may no longer be released.
-- Serves: inventory; regulation question Q18.
SELECT v.event_id, v.time, v.sealed_at, v.origin, v.leaf, v.idx, v.identity,
       v.model, v.version, v.artifact_digest, v.artifact_scheme, v.run_id, v.artifacts,
       v.inputs, v.outputs, v.parents, v.framework, v.license, v.system_id,
       EXISTS (
       SELECT FROM registry.model_version AS o
        WHERE o.model = v.model AND o.version = v.version
          AND o.artifact_digest <> v.artifact_digest
          AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS conflicting,
       (
       SELECT min(w.effective_at)
         FROM registry.model_version_withdrawal AS w
        WHERE w.model_version_id = v.event_id
          AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS withdrawn_at
  FROM registry.model_version AS v
 WHERE (%(model)s::text IS NULL OR v.model = %(model)s)
   AND (%(version)s::text IS NULL OR v.version = %(version)s)
   AND (%(model_version)s::uuid IS NULL OR v.event_id = %(model_version)s)
   AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY v.time DESC, v.event_id DESC
 LIMIT %(limit)s;
