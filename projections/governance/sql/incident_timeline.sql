-- What happened in an incident, in order?
--
-- %(incident)s      text         number of the incident
-- %(releases)s      uuid[]       releases that it involves
-- %(begin)s         timestamptz  when it became known or was recorded, the earlier
-- %(closed_at)s     timestamptz  when it was closed; null: not yet
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a step by the time at which it happened: of the incident itself, and from its
-- beginning to its end what was done to those releases and which holds were placed or
-- released for it (by its number or by Article 73). changes: it changed what runs; whether
-- that altered the system is for a person to judge.
-- Serves: EU AI Act, Article 73; regulation question Q13.
SELECT s.event_id, s.time, s.sealed_at, s.origin, s.leaf, s.idx, s.identity,
       s.happened_at, s.step, s.detail, s.changes
  FROM (
       SELECT i.event_id, i.time, i.sealed_at, i.origin, i.leaf, i.idx, i.identity,
              x.happened_at, x.step, i.title AS detail, false AS changes
         FROM governance.incident AS i
        CROSS JOIN LATERAL (VALUES (i.occurred_at, 'occurred'), (i.aware_at, 'aware'))
                        AS x (happened_at, step)
        WHERE i.incident = %(incident)s AND x.happened_at IS NOT NULL AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        UNION ALL
       SELECT u.event_id, u.time, u.sealed_at, u.origin, u.leaf, u.idx, u.identity,
              coalesce(u.causal_link_at, u.time),
              CASE WHEN u.causal_link_at IS NULL THEN 'updated' ELSE 'causal_link' END,
              u.note, false
         FROM governance.incident_update AS u
        WHERE u.incident = %(incident)s AND u.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        UNION ALL
       SELECT r.event_id, r.time, r.sealed_at, r.origin, r.leaf, r.idx, r.identity,
              r.sent_at, 'reported_' || r.kind, r.authority, false
         FROM governance.incident_report AS r
        WHERE r.incident = %(incident)s AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        UNION ALL
       SELECT a.event_id, a.time, a.sealed_at, a.origin, a.leaf, a.idx, a.identity,
              a.taken_at, 'action_' || a.action, a.description, false
         FROM governance.incident_action AS a
        WHERE a.incident = %(incident)s AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        UNION ALL
       SELECT e.event_id, e.time, e.sealed_at, e.origin, e.leaf, e.idx, e.identity,
              e.time, 'closed', e.outcome, false
         FROM governance.incident_end AS e
        WHERE e.incident = %(incident)s AND e.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        UNION ALL
       SELECT h.event_id, h.time, h.sealed_at, h.origin, h.leaf, h.idx, h.identity,
              h.time, 'hold_placed', h.hold, false
         FROM governance.hold AS h
        WHERE (h.hold = %(incident)s OR h.provision LIKE '%%Article 73%%')
          AND h.time >= %(begin)s
          AND h.time <= coalesce(%(closed_at)s::timestamptz, 'infinity') AND h.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND h.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        UNION ALL
       SELECT o.event_id, o.time, o.sealed_at, o.origin, o.leaf, o.idx, o.identity,
              o.time, 'hold_released', o.hold, false
         FROM governance.hold_release AS o
         JOIN governance.hold AS h ON h.hold = o.hold AND h.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
         AND h.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        WHERE (h.hold = %(incident)s OR h.provision LIKE '%%Article 73%%')
          AND h.time >= %(begin)s AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        UNION ALL
       SELECT w.event_id, w.time, w.sealed_at, w.origin, w.leaf, w.idx, w.identity,
              w.effective_at, 'release_' || w.kind, w.reason, false
         FROM registry.release_withdrawal AS w
        WHERE w.release_id = ANY (%(releases)s) AND w.time >= %(begin)s AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        UNION ALL
       SELECT c.event_id, c.time, c.sealed_at, c.origin, c.leaf, c.idx, c.identity,
              c.time, 'deployment_' || c.change, c.reason, true
         FROM registry.deployment_change AS c
         JOIN registry.deployment AS p ON p.event_id = c.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
         AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        WHERE p.release_id = ANY (%(releases)s) AND c.time >= %(begin)s
          AND c.time <= coalesce(%(closed_at)s::timestamptz, 'infinity') AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        UNION ALL
       SELECT k.event_id, k.time, k.sealed_at, k.origin, k.leaf, k.idx, k.identity,
              k.time, 'system_stopped', k.reason, true
         FROM decisions.system_stop AS k
         JOIN registry.deployment AS p ON p.event_id = k.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
         AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        WHERE p.release_id = ANY (%(releases)s) AND k.time >= %(begin)s
          AND k.time <= coalesce(%(closed_at)s::timestamptz, 'infinity') AND k.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND k.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS s
 ORDER BY s.happened_at, s.time, s.event_id, s.step;
