-- Which producers' streams are there, and when was each last heard of?
--
-- %(silent_at)s   timestamptz  a stream is silent when its last entry is three heartbeats older
--
-- One row a stream, last heard of first. state is open, silent, closed, or frozen since
-- two histories of it were seen; entries and events count what was accepted.
-- Serves: EU AI Act, Article 12; regulation question Q04.
SELECT s.stream_id, s.origin, s.first_leaf, s.last_leaf, s.entries, s.events,
       s.last_sealed_at, s.last_time, o.identity, o.software, o.software_version,
       o.host, o.heartbeat_s, o.time AS opened_at, o.event_id, c.time AS closed_at,
       CASE WHEN (s.origin, s.stream_id) IN (
                 SELECT u.origin, u.stream_id
                   FROM integrity.unaccepted AS u
                  WHERE u.verdict = 23
                    AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                 ) THEN 'frozen'
            WHEN c.event_id IS NOT NULL THEN 'closed'
            WHEN s.last_sealed_at + 3 * o.heartbeat_s * interval '1 second'
                 < %(silent_at)s::timestamptz THEN 'silent'
            ELSE 'open' END AS state
  FROM (
       SELECT stream_id, origin, min(leaf) AS first_leaf, max(leaf) AS last_leaf,
              count(*) AS entries, sum(n_events)::bigint AS events,
              max(sealed_at) AS last_sealed_at, max(claimed_time) AS last_time
         FROM integrity.entry
        WHERE sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        GROUP BY stream_id, origin
       ) AS s
  LEFT JOIN integrity.stream_opened AS o
         ON o.origin = s.origin AND o.leaf = s.first_leaf
  LEFT JOIN integrity.stream_report AS c
         ON c.origin = s.origin AND c.leaf = s.last_leaf AND c.report = 'closed'
 ORDER BY s.last_sealed_at DESC, s.stream_id;
