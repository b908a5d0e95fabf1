-- Which version of a model does a name mean: a label, an alias, or the newest?
--
-- %(model)s         text         name of the model
-- %(name)s          text         label of a version or an alias; null: the newest version
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most one row: an alias at its last setting, else the newest version of that label.
-- An alias that was deleted means nothing.
-- Serves: EU AI Act, Annex IV(2).
  WITH pointed AS (
       SELECT a.model_version_id
         FROM registry.alias AS a
        WHERE a.model = %(model)s AND a.alias = %(name)s
          AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY a.time DESC, a.event_id DESC
        LIMIT 1
       )
SELECT v.event_id, v.version, v.run_id
  FROM registry.model_version AS v
 WHERE v.model = %(model)s
   AND (%(name)s::text IS NULL OR v.version = %(name)s
        OR v.event_id IN (SELECT model_version_id FROM pointed))
   AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY v.event_id IN (SELECT model_version_id FROM pointed) DESC,
          v.time DESC, v.event_id DESC
 LIMIT 1;
