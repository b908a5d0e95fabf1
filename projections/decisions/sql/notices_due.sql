-- Of which adverse decisions was nobody told yet, or told late?
--
-- %(system)s        text         name of the AI system; null: any
-- %(regime)s        text         a notice must name this law or policy; null: any notice
-- %(days)s          bigint       days from the decision to the notice
-- %(now)s           timestamptz  moment at which days late are counted
-- %(since)s         timestamptz  made then or later; null: no bound
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit adverse decisions that had no notice in time, oldest first; decisions in
-- shadow mode take no effect and are left out. due: by the notice itself, or days after
-- the decision. state: sent_late, overridden, overdue or due (not yet late). overridden: a
-- person decided otherwise before it was due; whether what counts since is adverse too, no
-- event says. final_output is of the newest review that did not leave the case open.
-- Serves: 12 CFR 1002.9(a)(1); C.R.S. 6-1-1704; regulation question Q30.
SELECT d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
       d.case_id, coalesce(p.system_id, r.system_id) AS system,
       coalesce(p.event_id, r.event_id) AS system_by, d.output, d.use, x.due,
       n.event_id AS notice_id, n.sent_at, w.review_id, w.final_output, w.overridden,
       CASE WHEN n.sent_at IS NOT NULL THEN 'sent_late'
            WHEN y.settled THEN 'overridden'
            WHEN x.due < %(now)s THEN 'overdue' ELSE 'due' END AS state,
       CASE WHEN n.sent_at IS NULL AND y.settled THEN 0
            ELSE greatest(0, ceil(extract(epoch FROM coalesce(n.sent_at, %(now)s) - x.due)
                                  / 86400))::bigint END AS days_late
  FROM decisions.decision AS d
  LEFT JOIN registry.deployment AS p ON p.event_id = d.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN registry.release AS r ON r.event_id = d.release_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN LATERAL (
       SELECT n.event_id, n.sent_at, n.due
         FROM decisions.notice AS n
        WHERE n.decision_id = d.event_id AND n.kind = 'adverse'
          AND (%(regime)s::text IS NULL OR n.regime = %(regime)s) AND n.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND n.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY n.sent_at, n.event_id
        LIMIT 1
       ) AS n ON true
 CROSS JOIN LATERAL (
       SELECT coalesce(n.due, d.time + %(days)s * interval '1 day') AS due
       ) AS x
  LEFT JOIN LATERAL (
       SELECT w.event_id AS review_id, w.final_output, w.decided_at,
              w.action <> 'confirm' AND w.final_output IS DISTINCT FROM d.output
                  AS overridden
         FROM decisions.review AS w
        WHERE w.decision_id = d.event_id AND w.action <> 'defer'
          AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY w.time DESC, w.event_id DESC
        LIMIT 1
       ) AS w ON true
 CROSS JOIN LATERAL (
       SELECT coalesce(w.overridden AND w.decided_at <= x.due, false) AS settled
       ) AS y
 WHERE d.adverse AND d.mode <> 'shadow'
   AND (%(system)s::text IS NULL OR coalesce(p.system_id, r.system_id) = %(system)s)
   AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
   AND d.time <= %(now)s AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
   AND (n.event_id IS NULL OR n.sent_at > x.due)
 ORDER BY d.time, d.event_id
 LIMIT %(limit)s;
