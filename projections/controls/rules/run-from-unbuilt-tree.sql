-- Was a live version or candidate trained by a program that the build made?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
-- %(recent_days)s   int          days for which a release or request makes a candidate
--
-- One row for each version whose run recorded its commit. It is breached when files
-- differed from the commit, or when no clean build of the commit is recorded; the build
-- of a serving image says nothing of the training program.
-- Serves: EU AI Act, Article 17(1)(a).
WITH
-- include live
-- include candidate
tested AS (
SELECT c.version_id, c.name, c.model, c.system_id, r.event_id AS run_id, r.run,
       r.code ->> 'commit' AS commit, coalesce(r.code ->> 'dirty' = 'true', false) AS dirty,
       EXISTS (
       SELECT FROM lineage.package AS p
        WHERE p.commit = r.code ->> 'commit' AND NOT p.dirty
          AND p.kind <> 'serving_image'
          AND (p.repository IS NULL OR r.code ->> 'repository' IS NULL
               OR p.repository = r.code ->> 'repository')
          AND p.time <= %(as_of)s AND p.sealed_at <= %(known_as_of)s) AS built
  FROM candidate AS c
  JOIN lineage.run AS r ON r.event_id = c.run_id
   AND r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
 WHERE r.code ->> 'commit' IS NOT NULL
)
SELECT t.version_id AS object_id, t.name AS object_name, t.model, t.system_id,
       t.dirty OR NOT t.built AS breached, '' AS detail,
       CASE WHEN t.dirty
            THEN concat('The run ', t.run, ' behind ', t.name,
                 ' trained from files that differed from commit ', left(t.commit, 12), '.')
            WHEN NOT t.built
            THEN concat('The run ', t.run, ' behind ', t.name, ' trained from commit ',
                 left(t.commit, 12), ', of which no clean build is recorded.')
            ELSE ''
       END AS cause,
       ARRAY[t.version_id, t.run_id] AS evidence
  FROM tested AS t
 ORDER BY t.version_id;
