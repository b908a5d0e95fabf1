-- x: every event of the identity and time that were asked about, decisions too.
  FROM (
       SELECT e.identity, e.type, e.time, e.sealed_at, e.event_id
         FROM integrity.event AS e
        UNION ALL
       SELECT d.identity, 'prediction.decision.recorded', d.time, d.sealed_at, d.event_id
         FROM decisions.decision AS d
       ) AS x
 WHERE (%(source)s::text IS NULL OR x.identity = %(source)s)
   AND (%(since)s::timestamptz IS NULL OR x.time >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR x.time < %(until)s)
   AND x.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND x.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
