-- Which live releases rest on something that has changed, and were not looked at since?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(levels)s        int          levels that lineage is followed
-- %(grace_days)s    int          days in which a review is in time
--
-- One row for each live release, or for each thing it rests on that changed after its
-- version was made: a source (changed or withdrawn), a feature view (a newer version),
-- another model that it was made from or calls (withdrawn, or another version of it runs
-- now). The days count from the change, or from when it was sealed. A review or validation
-- since the change, or since its announcement, answers it; so does a version made since.
-- Where lineage goes deeper than is followed, a row says so.
-- Serves: EU AI Act, Articles 17(1)(f) and 20(1); regulation question Q07.
WITH RECURSIVE
-- include live
root AS (
SELECT DISTINCT l.version_id
  FROM live AS l
),
-- include ancestry
-- include drawn
thing AS (
SELECT d.version_id, d.level, 'source ' || d.source AS what,
       concat('its ', c.change, ' changed') AS happened, c.effective_at AS at,
       least(c.announced_at, c.effective_at) AS from_then, c.event_id, c.sealed_at
  FROM drawn AS d
  JOIN lineage.source_change AS c ON c.source = d.source
   AND c.change <> 'owner' AND c.effective_at > d.drawn_at
   AND c.time <= %(as_of)s AND c.sealed_at <= %(known_as_of)s
 UNION ALL
SELECT d.version_id, d.level, 'source ' || d.source,
       concat('it was withdrawn (', w.cause, ')'), w.effective_at, w.effective_at,
       w.event_id, w.sealed_at
  FROM drawn AS d
  JOIN lineage.source_withdrawal AS w ON w.source = d.source
   AND d.drawn_at >= coalesce(w.since, '-infinity')
   AND (w.batch IS NULL OR w.dataset_versions = '[]'
        OR w.dataset_versions @> jsonb_build_array(jsonb_build_object('id', d.data_id)))
   AND w.time <= %(as_of)s AND w.sealed_at <= %(known_as_of)s
 UNION ALL
SELECT a.version_id, a.level, 'feature view ' || f.view,
       concat('it has version ', n.version), n.time, n.time, n.event_id, n.sealed_at
  FROM reached AS a
  JOIN lineage.feature_view AS f ON f.dataset_version_id = a.id
   AND f.time <= %(as_of)s AND f.sealed_at <= %(known_as_of)s
  JOIN lineage.feature_view AS n ON n.view = f.view AND n.time > f.time
   AND n.time <= %(as_of)s AND n.sealed_at <= %(known_as_of)s
 WHERE a.kind = 'data'
 UNION ALL
SELECT a.version_id, a.level, concat('model ', v.model, ' ', v.version),
       'it was withdrawn', w.effective_at, w.effective_at, w.event_id, w.sealed_at
  FROM reached AS a
  JOIN registry.model_version AS v ON v.event_id = a.id
   AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
  JOIN registry.model_version_withdrawal AS w ON w.model_version_id = a.id
   AND w.time <= %(as_of)s AND w.sealed_at <= %(known_as_of)s
 WHERE a.kind = 'version' AND a.level > 0
 UNION ALL
SELECT a.version_id, a.level, concat('model ', v.model, ' ', v.version),
       concat(n.version, ' runs in its place'), n.since, n.since, n.deployment_id, n.since
  FROM reached AS a
  JOIN registry.model_version AS v ON v.event_id = a.id
   AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
  JOIN live AS n ON n.model = v.model AND n.version_id <> a.id AND n.since > v.time
 WHERE a.kind = 'version' AND a.level > 0
   AND NOT EXISTS (
       SELECT FROM live AS o WHERE o.version_id = a.version_id AND o.model = v.model)
),
release AS (
SELECT DISTINCT ON (l.release_id)
       l.release_id, l.release, l.model, l.system_id, l.version_id, l.deployment_id,
       v.time AS made_at
  FROM live AS l
  JOIN registry.model_version AS v ON v.event_id = l.version_id
   AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s
 ORDER BY l.release_id, l.deployment_id
),
tested AS (
SELECT DISTINCT ON (r.release_id, t.what, t.event_id)
       r.*, t.what, t.happened, t.level, t.at, t.event_id,
       t.event_id IS NOT NULL AND t.at <= %(as_of)s
       AND greatest(t.at, t.sealed_at) + make_interval(days => %(grace_days)s::int)
           < %(as_of)s
       AND NOT EXISTS (
       SELECT FROM controls.review AS v
        WHERE v.time >= t.from_then
          AND (v.model = r.model
               OR v.object_id IN (r.release_id, r.version_id, r.deployment_id))
          AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s)
       AND NOT EXISTS (
       SELECT FROM lineage.validation AS v
        WHERE v.time >= t.from_then
          AND (v.model = r.model OR v.object_id IN (r.release_id, r.version_id))
          AND v.time <= %(as_of)s AND v.sealed_at <= %(known_as_of)s) AS breached
  FROM release AS r
  LEFT JOIN thing AS t ON t.version_id = r.version_id AND t.at > r.made_at
 ORDER BY r.release_id, t.what, t.event_id, t.level
)
SELECT t.release_id AS object_id, t.release AS object_name, t.model, t.system_id,
       t.breached, concat_ws(' ', t.what, t.event_id) AS detail,
       CASE WHEN t.breached
            THEN concat('Release ', t.release, ' rests, at level ', t.level,
                 ' of its lineage, on the ', t.what, ': ', t.happened, ' on ',
                 to_char(t.at AT TIME ZONE 'UTC', 'YYYY-MM-DD'),
                 ', and it was neither reviewed nor trained again since.')
            ELSE ''
       END AS cause,
       array_remove(ARRAY[t.release_id, t.event_id], NULL) AS evidence
  FROM tested AS t
 UNION ALL
SELECT r.release_id, r.release, r.model, r.system_id, true, 'truncated',
       concat('What release ', r.release, ' rests on goes ', %(levels)s::int,
       ' levels deep, which is as far as it is followed; what lies beyond was not ',
       'examined.'),
       ARRAY[r.release_id]
  FROM release AS r
 WHERE EXISTS (
       SELECT FROM reached AS a
        WHERE a.version_id = r.version_id AND a.level = %(levels)s::int)
 ORDER BY object_id, detail;
