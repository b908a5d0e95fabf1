-- Which decisions does a seed draw from a population?
--
-- %(seed)s          bytea        32 bytes that neither side chose
-- %(count)s         bigint       how many are drawn
-- %(known_as_of)s   timestamptz  the population: sealed by then, when the request was,
-- %(release)s       uuid         of this release; null: any
-- %(deployment)s    uuid         of this deployment; null: any
-- %(since)s         timestamptz  made then or later; null: no bound
-- %(until)s         timestamptz  made before then; null: no bound
--
-- count rows, or all of a smaller population: those with the smallest SHA-256 of seed and
-- id, in that order; rank counts from 1.
-- Serves: regulation question Q41.
SELECT x.*, row_number() OVER (ORDER BY x.draw) AS rank
  FROM (
       SELECT d.event_id, d.time, d.sealed_at, d.origin, d.leaf, d.idx, d.identity,
              d.release_id, d.deployment_id, d.output, d.adverse,
              encode(sha256(%(seed)s || uuid_send(d.event_id)), 'hex') COLLATE "C" AS draw
         FROM decisions.decision AS d
        WHERE d.sealed_at <= %(known_as_of)s::timestamptz
          AND (%(release)s::uuid IS NULL OR d.release_id = %(release)s)
          AND (%(deployment)s::uuid IS NULL OR d.deployment_id = %(deployment)s)
          AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
          AND (%(until)s::timestamptz IS NULL OR d.time < %(until)s)
        ORDER BY sha256(%(seed)s || uuid_send(d.event_id))
        LIMIT %(count)s
       ) AS x
 ORDER BY rank;
