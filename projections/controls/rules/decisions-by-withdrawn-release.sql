-- Were decisions made by a release or model version after it was withdrawn?
--
-- %(as_of)s         timestamptz  when it was true
-- %(known_as_of)s   timestamptz  what had been sealed by then
--
-- One row for each release that was withdrawn, or whose model version was.
-- Serves: EU AI Act, Article 20(1).
WITH withdrawn AS (
SELECT r.event_id AS release_id, r.release, r.model, r.system_id,
       min(w.effective_at) AS effective_at, min(w.reason) AS reason,
       array_agg(w.event_id) AS evidence
  FROM (
       SELECT w.release_id, NULL::uuid AS version_id, w.effective_at, w.reason, w.event_id
         FROM registry.release_withdrawal AS w
        WHERE w.time <= %(as_of)s AND w.sealed_at <= %(known_as_of)s
        UNION ALL
       SELECT NULL, w.model_version_id, w.effective_at, w.reason, w.event_id
         FROM registry.model_version_withdrawal AS w
        WHERE w.time <= %(as_of)s AND w.sealed_at <= %(known_as_of)s
       ) AS w
  JOIN registry.release AS r
    ON r.event_id = w.release_id OR r.model_version_id = w.version_id
 WHERE r.time <= %(as_of)s AND r.sealed_at <= %(known_as_of)s
   AND w.effective_at <= %(as_of)s
 GROUP BY r.event_id, r.release, r.model, r.system_id
),
judged AS (
SELECT w.*, x.decisions, x.last, x.first_ids
  FROM withdrawn AS w
 CROSS JOIN LATERAL (
       SELECT count(*) AS decisions, max(x.time) AS last,
              (array_agg(x.event_id ORDER BY x.time))[1:20] AS first_ids
         FROM decisions.decision AS x
        WHERE x.release_id = w.release_id AND x.time >= w.effective_at
          AND x.time <= %(as_of)s AND x.sealed_at <= %(known_as_of)s
       ) AS x
)
SELECT j.release_id AS object_id, j.release AS object_name, j.model, j.system_id,
       j.decisions > 0 AS breached, '' AS detail,
       CASE WHEN j.decisions > 0
            THEN concat(j.release, ' was withdrawn from ',
                 to_char(j.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                 ' UTC (', j.reason, ') and made ', j.decisions,
                 ' decision(s) since, the last on ',
                 to_char(j.last AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), ' UTC.')
            ELSE ''
       END AS cause,
       j.evidence || j.first_ids AS evidence
  FROM judged AS j
 ORDER BY j.release, j.release_id;
