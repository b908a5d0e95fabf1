-- What did those who run the ledger and its policies change?
--
-- %(identity)s      text         signed by; null: anybody
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(until)s         timestamptz  happened before then; null: no bound
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first: settings, roles, retention, holds, exceptions, gates
-- of environments, rules and plans of controls, and events of the ledger itself by the
-- operator. before and after as far as the event says them.
-- Serves: OSFI E-23; 21 CFR 11.10(d); regulation question Q47.
SELECT a.event_id, a.time, a.sealed_at, a.origin, a.leaf, a.idx, a.identity,
       a.type AS action, x.object, x.before, x.after, x.actor, x.reason
  FROM integrity.event AS a
 CROSS JOIN LATERAL (
       SELECT s.setting AS object, s.before, s.after, s.actor, NULL::text AS reason
         FROM governance.setting AS s WHERE s.event_id = a.event_id
        UNION ALL
       SELECT g.principal, NULL, g.role || coalesce(' for ' || g.system, '')
              || coalesce(' ' || g.model, '') || coalesce(' ' || g.stage, ''),
              NULL, g.reason
         FROM governance.role AS g WHERE g.event_id = a.event_id
        UNION ALL
       SELECT g.principal, g.role || coalesce(' for ' || g.system, '')
              || coalesce(' ' || g.model, '') || coalesce(' ' || g.stage, ''),
              NULL, NULL, e.reason
         FROM governance.role_end AS e
         LEFT JOIN governance.role AS g ON g.event_id = e.grant_id
        WHERE e.event_id = a.event_id
        UNION ALL
       SELECT r.rule, NULL, CASE WHEN r.enabled THEN r.bound || ' of ' || r.period_days
              || ' days for ' || r.data_class ELSE 'off' END, NULL, r.reason
         FROM governance.retention_rule AS r WHERE r.event_id = a.event_id
        UNION ALL
       SELECT h.hold, NULL, 'placed', NULL, h.reason
         FROM governance.hold AS h WHERE h.event_id = a.event_id
        UNION ALL
       SELECT h.hold, NULL, 'released', NULL, h.reason
         FROM governance.hold_release AS h WHERE h.event_id = a.event_id
        UNION ALL
       SELECT x.exception, NULL, 'from ' || x.policy, x.approver, x.reason
         FROM governance.exception AS x WHERE x.event_id = a.event_id
        UNION ALL
       SELECT x.exception, NULL, 'ended', NULL, e.reason
         FROM governance.exception_end AS e
         LEFT JOIN governance.exception AS x ON x.event_id = e.exception_id
        WHERE e.event_id = a.event_id
        UNION ALL
       SELECT v.environment, NULL, jsonb_array_length(v.gates) || ' gates', v.owner, NULL
         FROM registry.environment AS v WHERE v.event_id = a.event_id
        UNION ALL
       SELECT r.rule, r.digest_before, CASE WHEN r.enabled THEN r.digest ELSE 'off' END,
              r.actor, r.reason
         FROM controls.rule AS r WHERE r.event_id = a.event_id
        UNION ALL
       SELECT p.model, NULL, CASE WHEN p.enabled THEN 'plan' ELSE 'off' END, NULL,
              p.reason
         FROM controls.plan AS p WHERE p.event_id = a.event_id
        UNION ALL
       SELECT k.key_identity, NULL, encode(sha256(k.public_key), 'hex'), NULL, NULL
         FROM integrity.key_authorized AS k WHERE k.event_id = a.event_id
        UNION ALL
       SELECT encode(k.key_fp, 'hex'), NULL, 'revoked', NULL, k.reason
         FROM integrity.key_revoked AS k WHERE k.event_id = a.event_id
        UNION ALL
       SELECT coalesce(a.subject, a.type), NULL, NULL, a.actor, NULL
        WHERE a.type IN ('ledger.root.set', 'ledger.witness_policy.set',
                         'ledger.log.opened', 'ledger.log.closed', 'ledger.log.trimmed',
                         'ledger.log_key.announced', 'ledger.log_key.retired',
                         'ledger.key.rotated')
       ) AS x
 WHERE a.type IN ('ledger.setting.changed', 'governance.role.granted',
                  'governance.role.revoked', 'governance.retention_rule.set',
                  'governance.hold.placed', 'governance.hold.released',
                  'governance.exception.granted', 'governance.exception.ended',
                  'serving.environment.registered', 'control.rule.set',
                  'monitoring.plan.set', 'ledger.key.authorized', 'ledger.key.revoked',
                  'ledger.key.rotated', 'ledger.root.set', 'ledger.witness_policy.set',
                  'ledger.log.opened', 'ledger.log.closed', 'ledger.log.trimmed',
                  'ledger.log_key.announced', 'ledger.log_key.retired')
   AND (%(identity)s::text IS NULL OR a.identity = %(identity)s)
   AND (%(since)s::timestamptz IS NULL OR a.time >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR a.time < %(until)s)
   AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY a.time DESC, a.event_id DESC
 LIMIT %(limit)s;
