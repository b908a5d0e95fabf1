-- Who read outputs, and who declared it? Use without a contract in force at that time
-- needs an explanation.
--
-- %(since)s         timestamptz  observed then or later; null: no bound
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each consumer and resource, those to be explained first. declared is true
-- when a contract for that channel was in force when it was last seen; undeclared counts
-- the observations whose first or last sign no contract covered, whatever came later;
-- observed is false for a contract under which nobody was seen. A contract may be signed
-- after the use it covers: known_as_of gives the answer of before.
-- Serves: EU AI Act, Article 12; regulation question Q22.
WITH declared AS (
     SELECT k.consumer, x.channel, k.event_id, k.purpose, k.owner, k.valid_from,
            k.valid_to, coalesce(k.valid_to, 'infinity') AS ends
       FROM integrity.consumer_contract AS k
      CROSS JOIN LATERAL unnest(k.channel_ids) AS x (channel)
      WHERE k.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND k.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
), observation AS (
     SELECT a.*, s.first_sign, s.last_sign,
            EXISTS (
               SELECT FROM declared AS d
                WHERE d.consumer = a.consumer AND d.channel = a.resource
                  AND d.valid_from <= s.first_sign AND s.first_sign < d.ends
            )
            AND EXISTS (
               SELECT FROM declared AS d
                WHERE d.consumer = a.consumer AND d.channel = a.resource
                  AND d.valid_from <= s.last_sign AND s.last_sign < d.ends
            ) AS covered
       FROM integrity.consumer_access AS a
      CROSS JOIN LATERAL (
            SELECT coalesce(a.first_time, a.window_from) AS first_sign,
                   coalesce(a.last_time, a.window_to) AS last_sign
            ) AS s
      WHERE a.consumer <> ''
        AND (%(since)s::timestamptz IS NULL OR a.window_to >= %(since)s)
        AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
), seen AS (
     SELECT a.consumer, a.resource, count(*) AS observations,
            count(*) FILTER (WHERE NOT a.covered) AS undeclared,
            min(a.first_sign) FILTER (WHERE NOT a.covered) AS undeclared_from,
            max(a.last_sign) FILTER (WHERE NOT a.covered) AS undeclared_to,
            sum(a.count)::bigint AS records,
            min(a.first_sign) AS first_seen, max(a.last_sign) AS last_seen,
            array_agg(DISTINCT a.principal)
                   FILTER (WHERE a.principal IS NOT NULL) AS principals,
            array_agg(DISTINCT a.client_id)
                   FILTER (WHERE a.client_id IS NOT NULL) AS clients,
            array_agg(DISTINCT a.host) FILTER (WHERE a.host IS NOT NULL) AS hosts,
            array_agg(DISTINCT a.channel) AS channels,
            (array_agg(to_jsonb(a.blind_spots) ORDER BY a.time DESC))[1] AS blind_spots,
            (array_agg(a.event_id ORDER BY a.time DESC, a.event_id DESC))[1] AS event_id
       FROM observation AS a
      GROUP BY a.consumer, a.resource
)
SELECT o.consumer, o.resource, c.event_id IS NOT NULL AS declared, true AS observed,
       o.undeclared, o.undeclared_from, o.undeclared_to,
       c.event_id AS contract_id, c.purpose, c.owner, c.valid_from, c.valid_to,
       o.observations, o.records, o.first_seen, o.last_seen, o.principals, o.clients,
       o.hosts, o.channels, o.blind_spots, o.event_id AS last_observation_id
  FROM seen AS o
  LEFT JOIN LATERAL (
       SELECT *
         FROM declared AS d
        WHERE d.consumer = o.consumer AND d.channel = o.resource
          AND d.valid_from <= o.last_seen AND o.last_seen < d.ends
        ORDER BY d.valid_from DESC, d.event_id DESC
        LIMIT 1
       ) AS c ON true
 UNION ALL
SELECT d.consumer, d.channel, true, false, 0, NULL, NULL, d.event_id, d.purpose, d.owner,
       d.valid_from, d.valid_to, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM declared AS d
 WHERE NOT EXISTS (
       SELECT FROM seen AS o
        WHERE o.consumer = d.consumer AND o.resource = d.channel
       )
 ORDER BY undeclared DESC, declared, observed DESC, consumer, resource;
