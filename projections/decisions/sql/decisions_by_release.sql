-- Which decisions did a release make, in order?
--
-- %(release)s       uuid         of this release
-- %(deployment)s    uuid         of this deployment alone; null: of all
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(after_time)s    timestamptz  with after_id: those that come after this one
-- %(after_id)s      uuid         null: from the first
-- %(limit)s         bigint       at most so many rows: one page
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows in ascending order of (time, event_id): a page of a stream that is
-- read to its end without holding it. reviewed_as: what a person did last; noticed_at:
-- when the person was told.
-- Serves: EU AI Act, Articles 20(1) and 21; regulation question Q07.
SELECT d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
       d.deployment_id, d.case_id, d.use, d.path, d.mode, d.output, d.adverse,
       v.event_id AS review_id, v.action AS reviewed_as, v.final_output,
       n.event_id AS notice_id, n.sent_at AS noticed_at, n.due AS notice_due
  FROM decisions.decision AS d
  LEFT JOIN LATERAL (
       SELECT v.event_id, v.action, v.final_output
         FROM decisions.review AS v
        WHERE v.decision_id = d.event_id AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY v.time DESC, v.event_id DESC
        LIMIT 1
       ) AS v ON true
  LEFT JOIN LATERAL (
       SELECT n.event_id, n.sent_at, n.due
         FROM decisions.notice AS n
        WHERE n.decision_id = d.event_id AND n.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND n.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY n.sent_at, n.event_id
        LIMIT 1
       ) AS n ON true
 WHERE d.release_id = %(release)s
   AND (%(deployment)s::uuid IS NULL OR d.deployment_id = %(deployment)s)
   AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR d.time < %(until)s)
   AND d.time >= coalesce(%(after_time)s::timestamptz, '-infinity')
   AND (%(after_id)s::uuid IS NULL
        OR (d.time, d.event_id) > (%(after_time)s::timestamptz, %(after_id)s))
   AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY d.time, d.event_id
 LIMIT %(limit)s;
