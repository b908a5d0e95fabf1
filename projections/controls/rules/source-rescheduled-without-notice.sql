-- Does a source that a live release rests on deliver at other times, without notice?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(levels)s        int          levels that lineage is followed
-- %(notice_days)s   int          days of notice where the source states none
--
-- One row for each source that a live release rests on, or for each change of its schedule
-- since the data were drawn.
-- Serves: EU AI Act, Articles 10(2)(b) and 17(1)(f).
WITH RECURSIVE
-- include live
root AS (
SELECT DISTINCT l.version_id
  FROM live AS l
),
-- include ancestry
-- include drawn
release AS (
SELECT DISTINCT ON (l.release_id)
       l.release_id, l.release, l.model, l.version, l.version_id, l.system_id
  FROM live AS l
 ORDER BY l.release_id, l.deployment_id
),
tested AS (
SELECT DISTINCT ON (r.release_id, d.source, c.event_id)
       r.release_id, r.release, r.model, r.version, r.system_id, d.source, d.dataset,
       d.data_id, c.event_id, c.change, c.effective_at, c.announced_at, n.notice_days,
       c.event_id IS NOT NULL AND coalesce(
       c.announced_at + make_interval(days => n.notice_days) > c.effective_at, true
       ) AS breached
  FROM release AS r
  JOIN drawn AS d ON d.version_id = r.version_id
  LEFT JOIN lineage.source_change AS c ON c.source = d.source
   AND c.change = 'schedule'
   AND c.effective_at > d.drawn_at
   AND c.time <= %(as_of)s AND c.sealed_at <= %(known_as_of)s
  LEFT JOIN LATERAL (
       SELECT s.notice_days
         FROM lineage.source AS s
        WHERE s.source = d.source
          AND s.time <= %(as_of)s AND s.sealed_at <= %(known_as_of)s
        ORDER BY s.time DESC, s.event_id DESC
        LIMIT 1
       ) AS s ON true
 CROSS JOIN LATERAL (
       SELECT coalesce(s.notice_days, %(notice_days)s::int)::int AS notice_days
       ) AS n
 ORDER BY r.release_id, d.source, c.event_id, d.level, d.data_id
)
SELECT t.release_id AS object_id, t.release AS object_name, t.model, t.system_id,
       t.breached, concat_ws(' ', t.source, t.event_id) AS detail,
       CASE WHEN NOT t.breached THEN ''
            WHEN t.announced_at IS NULL
            THEN concat('The schedule of the source ', t.source, ' changed on ',
                 to_char(t.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                 ' without any notice; the live release ', t.release,
                 ' rests on it through ', t.dataset, '.')
            ELSE concat('The schedule of the source ', t.source, ' changed on ',
                 to_char(t.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                 ', announced on ',
                 to_char(t.announced_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), ' instead of ',
                 t.notice_days, ' days before; the live release ', t.release,
                 ' rests on it through ', t.dataset, '.')
       END AS cause,
       array_remove(ARRAY[t.release_id, t.event_id, t.data_id], NULL) AS evidence
  FROM tested AS t
 ORDER BY t.release_id, detail;
