-- What did the aliases of a model mean, one after the other?
--
-- %(model)s         text         name of the model
-- %(alias)s         text         one alias; null: all
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first in descending order of (time, event_id). valid_to is
-- the next setting of the same alias. contradicts is true when the version it says it
-- replaces is not the one that the alias meant: two producers set it at once.
-- Serves: OSFI E-23; registry question "champion on that day".
SELECT h.event_id, h.time, h.sealed_at, h.origin, h.leaf, h.idx, h.identity,
       h.model, h.alias, h.model_version_id, v.version, v.artifact_digest,
       h.previous_id, h.reason, h.valid_to,
       h.previous_id IS NOT NULL AND h.previous_id IS DISTINCT FROM h.meant_before
              AS contradicts
  FROM (
       SELECT a.*, lead(a.time) OVER w AS valid_to,
              lag(a.model_version_id) OVER w AS meant_before
         FROM registry.alias AS a
        WHERE a.model = %(model)s
          AND (%(alias)s::text IS NULL OR a.alias = %(alias)s)
          AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       WINDOW w AS (PARTITION BY a.alias ORDER BY a.time, a.event_id)
       ) AS h
  LEFT JOIN registry.model_version AS v ON v.event_id = h.model_version_id
   AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY h.time DESC, h.event_id DESC
 LIMIT %(limit)s;
