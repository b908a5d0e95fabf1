-- Did a live version or candidate learn from data whose quality check failed?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          days for which a release or request makes a candidate
--
-- One row for each checked dataset version that a model learned from, by model. Of every
-- tool its newest check counts, so a check that was repeated and passed heals.
-- Serves: EU AI Act, Article 10(2)(f) and (h).
WITH
-- include live
-- include candidate
-- include training
learned AS (
SELECT DISTINCT ON (t.dataset_version_id, c.model)
       t.dataset_version_id AS data_id, c.model, c.system_id, c.name AS version,
       c.version_id
  FROM training AS t
  JOIN candidate AS c ON c.version_id = t.version_id
 WHERE t.trains AND t.dataset_version_id IS NOT NULL
 ORDER BY t.dataset_version_id, c.model, c.time DESC, c.version_id
),
by_tool AS (
SELECT DISTINCT ON (l.data_id, l.model, split_part(coalesce(q.tool, ''), ' ', 1))
       l.data_id, l.model, q.event_id, q.passed, q.assertions, q.time
  FROM learned AS l
  JOIN lineage.quality_check AS q ON q.dataset_version_id = l.data_id
   AND q.time <= %(as_of)s AND q.sealed_at <= %(known_as_of)s
 ORDER BY l.data_id, l.model, split_part(coalesce(q.tool, ''), ' ', 1),
       q.time DESC, q.event_id DESC
),
worst AS (
SELECT DISTINCT ON (b.data_id, b.model)
       b.*
  FROM by_tool AS b
 ORDER BY b.data_id, b.model, b.passed, b.time DESC, b.event_id
),
tested AS (
SELECT l.data_id, l.model, l.system_id, l.version, l.version_id,
       concat(d.dataset, ' ', left(d.digest, 19)) AS name, n.event_id, n.time,
       NOT n.passed AS breached, f.failed
  FROM learned AS l
  JOIN lineage.dataset_version AS d ON d.event_id = l.data_id
   AND d.time <= %(as_of)s AND d.sealed_at <= %(known_as_of)s
  JOIN worst AS n ON n.data_id = l.data_id AND n.model = l.model
  LEFT JOIN LATERAL (
       SELECT string_agg(concat(a.said ->> 'name', ' of ',
              coalesce(a.said ->> 'column', 'the rows'),
              ' found ' || (a.said ->> 'actual')), ', ' ORDER BY a.rank) AS failed
         FROM jsonb_array_elements(n.assertions) WITH ORDINALITY AS a (said, rank)
        WHERE a.said ->> 'success' = 'false' AND a.rank <= 20
       ) AS f ON true
)
SELECT t.data_id AS object_id, t.name AS object_name, t.model, t.system_id, t.breached,
       coalesce(t.model, '') AS detail,
       CASE WHEN t.breached
            THEN concat(t.version, ' learned from ', t.name, ', whose quality check of ',
                 to_char(t.time AT TIME ZONE 'UTC', 'YYYY-MM-DD'), ' failed',
                 ': ' || t.failed, '.')
            ELSE ''
       END AS cause,
       ARRAY[t.data_id, t.event_id, t.version_id] AS evidence
  FROM tested AS t
 ORDER BY t.data_id, detail;
