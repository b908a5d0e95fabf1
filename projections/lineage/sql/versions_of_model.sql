-- Which versions does a model have, by its name, or by its name and version?
--
-- %(model)s         text         name of the model, or name and version with a blank
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a version.
-- Serves: regulation question Q09.
SELECT v.event_id AS object_id
  FROM registry.model_version AS v
 WHERE %(model)s IN (v.model, v.model || ' ' || v.version) AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY v.time, v.event_id
 LIMIT %(limit)s;
