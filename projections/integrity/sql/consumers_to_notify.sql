-- Who uses the decisions of these releases, and was told?
--
-- %(releases)s      uuid[]       releases by their events
-- %(abouts)s        uuid[]       events a notice may be about: withdrawals, the incident
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each consumer, by how it is known: declared for a channel of the releases'
-- services or systems, seen to read such a channel, or the caller of their decisions.
-- A channel belongs to a service when its name is the service's or begins with the name
-- of the service or system and a dot. notified_at: the withdrawal names it as told.
-- Serves: EU AI Act, Article 20; C.R.S. 6-1-1702(2); regulation question Q23.
WITH place AS (
     SELECT DISTINCT p.service AS name
       FROM registry.deployment AS p
      WHERE p.release_id = ANY (%(releases)s) AND p.service IS NOT NULL AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      UNION
     SELECT r.system_id
       FROM registry.release AS r
      WHERE r.event_id = ANY (%(releases)s) AND r.system_id IS NOT NULL AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
), known AS (
     SELECT 'declared' AS known_by, k.consumer, k.owner, k.purpose,
            array_agg(DISTINCT x.channel) AS channels, k.event_id AS contract_id,
            NULL::uuid AS access_id, min(k.valid_from) AS first_seen,
            max(k.valid_to) AS last_seen, NULL::bigint AS decisions
       FROM integrity.consumer_contract AS k
      CROSS JOIN LATERAL unnest(k.channel_ids) AS x (channel)
       CROSS JOIN LATERAL (SELECT substr(x.channel, strpos(x.channel, ':') + 1) AS id) AS y
       JOIN place AS p ON y.id = p.name OR starts_with(y.id, p.name || '.')
      WHERE k.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND k.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      GROUP BY k.consumer, k.owner, k.purpose, k.event_id
      UNION ALL
     SELECT 'observed', a.consumer, NULL, NULL, array_agg(DISTINCT a.resource), NULL,
            (array_agg(a.event_id ORDER BY a.time DESC, a.event_id DESC))[1],
            min(coalesce(a.first_time, a.window_from)),
            max(coalesce(a.last_time, a.window_to)), NULL
       FROM integrity.consumer_access AS a
       CROSS JOIN LATERAL (SELECT substr(a.resource, strpos(a.resource, ':') + 1) AS id) AS y
       JOIN place AS p ON y.id = p.name OR starts_with(y.id, p.name || '.')
      WHERE a.consumer <> '' AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      GROUP BY a.consumer
      UNION ALL
     SELECT 'caller', d.caller, NULL, NULL, NULL, NULL, NULL, min(d.time), max(d.time),
            count(*)
       FROM decisions.decision AS d
      WHERE d.release_id = ANY (%(releases)s) AND d.caller IS NOT NULL AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      GROUP BY d.caller
)
SELECT k.known_by, k.consumer, k.owner, k.purpose, k.channels, k.contract_id,
       k.access_id, k.first_seen, k.last_seen, k.decisions, w.event_id AS withdrawal_id,
       w.time AS notified_at, n.event_id AS notice_id, n.sent_at AS notice_sent_at,
       n.recipient AS notice_recipient
  FROM known AS k
  LEFT JOIN LATERAL (
       SELECT w.event_id, w.time
         FROM registry.release_withdrawal AS w
        WHERE w.release_id = ANY (%(releases)s) AND k.consumer = ANY (w.notified)
          AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY w.time, w.event_id
        LIMIT 1
       ) AS w ON true
  LEFT JOIN LATERAL (
       SELECT n.event_id, n.sent_at, n.recipient
         FROM decisions.notice AS n
        WHERE n.about_id = ANY (%(abouts)s)
          AND n.recipient IN (k.consumer, 'consumer') AND n.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND n.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY n.recipient = k.consumer DESC, n.sent_at, n.event_id
        LIMIT 1
       ) AS n ON true
 ORDER BY k.consumer, k.known_by, k.contract_id;
