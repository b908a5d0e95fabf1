-- Did each producer's stream arrive whole, and does it count as many events as the log?
--
-- %(source)s        text         identity that wrote; null: any
-- %(since)s         timestamptz  sealed then or later; null: no bound
-- %(until)s         timestamptz  sealed before then; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a stream, by identity and first seal. missing: sequence numbers between the
-- first and the last entry that no accepted entry has; what came after the last is
-- invisible here. reported is what the producer had signed by its last heartbeat or
-- close, counted what the log holds of that; silences are pauses between two entries of
-- more than three heartbeats.
-- Serves: EU AI Act, Article 12; 17 CFR 240.17a-4(f)(2)(ii); regulation question Q04.
WITH entry AS (
     SELECT e.origin, e.stream_id, e.leaf, e.seq, e.kind, e.n_events, e.sealed_at,
            lag(e.sealed_at) OVER (PARTITION BY e.origin, e.stream_id ORDER BY e.seq)
                AS before
       FROM integrity.entry AS e
      WHERE e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        AND (%(since)s::timestamptz IS NULL OR e.sealed_at >= %(since)s)
        AND (%(until)s::timestamptz IS NULL OR e.sealed_at < %(until)s)
), stream AS (
     SELECT origin, stream_id, min(leaf) AS first_leaf, max(leaf) AS last_leaf,
            min(seq) AS first_seq, max(seq) AS last_seq, count(*) AS entries,
            sum(n_events)::bigint AS events, min(sealed_at) AS first_sealed_at,
            max(sealed_at) AS last_sealed_at
       FROM entry
      GROUP BY origin, stream_id
)
SELECT s.stream_id, s.origin, coalesce(o.identity, o.claimed_identity) AS identity,
       o.event_id AS opened_id, s.first_seq, s.last_seq, s.entries, s.events,
       s.last_seq - s.first_seq + 1 - s.entries AS missing,
       r.event_id AS report_id, r.report, r.time AS reported_at, r.reported, r.dropped,
       c.counted, r.reported - c.counted AS difference, o.heartbeat_s, q.silences,
       s.first_sealed_at, s.last_sealed_at
  FROM stream AS s
  LEFT JOIN LATERAL (
       SELECT o.event_id, o.identity, o.claimed_identity, o.heartbeat_s
         FROM integrity.stream_opened AS o
         JOIN integrity.entry AS e ON e.origin = o.origin AND e.leaf = o.leaf
        WHERE e.stream_id = s.stream_id AND o.origin = s.origin AND e.seq = 0
        LIMIT 1
       ) AS o ON true
  LEFT JOIN LATERAL (
       SELECT r.event_id, r.report, r.time, r.leaf,
              (SELECT sum(value::bigint)::bigint FROM jsonb_each_text(r.counts)
                WHERE key <> 'dropped') AS reported,
              coalesce((r.counts ->> 'dropped')::bigint, 0) AS dropped
         FROM integrity.stream_report AS r
         JOIN entry AS e ON e.origin = r.origin AND e.leaf = r.leaf
        WHERE e.stream_id = s.stream_id AND e.origin = s.origin
        ORDER BY r.leaf DESC
        LIMIT 1
       ) AS r ON true
  LEFT JOIN LATERAL (
       SELECT coalesce(sum(e.n_events), 0)::bigint AS counted
         FROM integrity.entry AS e
        WHERE e.origin = s.origin AND e.stream_id = s.stream_id AND e.leaf < r.leaf
          AND e.kind = 1
       ) AS c ON r.event_id IS NOT NULL
  LEFT JOIN LATERAL (
       SELECT count(*) AS silences
         FROM entry AS e
        WHERE e.origin = s.origin AND e.stream_id = s.stream_id
          AND e.sealed_at - e.before > 3 * o.heartbeat_s * interval '1 second'
       ) AS q ON o.heartbeat_s IS NOT NULL
 WHERE %(source)s::text IS NULL OR coalesce(o.identity, o.claimed_identity) = %(source)s
 ORDER BY identity, s.first_sealed_at, s.stream_id;
