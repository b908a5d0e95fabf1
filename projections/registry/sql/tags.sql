-- Which tags does a recorded thing have at a moment?
--
-- %(objects)s       uuid[]       events that describe the things
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each tag that has a value then, by object and key; the later by
-- (time, event_id) counts.
-- Serves: registry.
SELECT t.event_id, t.time, t.sealed_at, t.origin, t.leaf, t.idx, t.identity,
       t.object_id, t.key, t.value
  FROM (
       SELECT DISTINCT ON (t.object_id, t.key) *
         FROM registry.tag AS t
        WHERE t.object_id = ANY (%(objects)s)
          AND t.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND t.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY t.object_id, t.key, t.time DESC, t.event_id DESC
       ) AS t
 WHERE t.value IS NOT NULL
 ORDER BY t.object_id, t.key COLLATE "C";
