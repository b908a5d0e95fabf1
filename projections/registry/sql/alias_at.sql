-- Which versions do the aliases of a model mean at a moment?
--
-- %(model)s         text         name of the model
-- %(alias)s         text         one alias; null: all
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each alias that means a version then, by name; of two settings the later by
-- (time, event_id) counts. version is null when that version is not recorded; foreign is
-- true when it is a version of another model.
-- Serves: OSFI E-23; registry question "champion on that day".
SELECT a.event_id, a.time, a.sealed_at, a.origin, a.leaf, a.idx, a.identity,
       a.model, a.alias, a.model_version_id, v.version, v.artifact_digest,
       v.model <> a.model AS foreign_model, a.reason
  FROM (
       SELECT DISTINCT ON (a.alias) *
         FROM registry.alias AS a
        WHERE a.model = %(model)s
          AND (%(alias)s::text IS NULL OR a.alias = %(alias)s)
          AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY a.alias, a.time DESC, a.event_id DESC
       ) AS a
  LEFT JOIN registry.model_version AS v ON v.event_id = a.model_version_id
   AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE a.model_version_id IS NOT NULL
 ORDER BY a.alias COLLATE "C"
 LIMIT %(limit)s;
