-- Which of some leaves were sealed in a window in which their key is compromised?
--
-- %(origins)s  text[]    their origins
-- %(leaves)s   bigint[]  and their numbers, one for each origin
--
-- By all revocations that are known now: suspicion reaches back to where a key's
-- earliest compromised_since says, whatever was known at the time.
-- Returns each suspect leaf once, by origin and number.
SELECT e.origin, e.leaf, encode(e.key_fp, 'hex') AS key_fp
  FROM integrity.entry AS e
  JOIN (SELECT DISTINCT a.origin, a.leaf
          FROM unnest(%(origins)s::text[], %(leaves)s::bigint[])
               AS a (origin, leaf)) AS asked
    ON asked.origin = e.origin AND asked.leaf = e.leaf
  JOIN (SELECT key_fp, min(compromised_since) AS since
          FROM integrity.key_revoked
         GROUP BY key_fp) AS revoked
    ON revoked.key_fp = e.key_fp AND e.sealed_at >= revoked.since
 ORDER BY e.origin, e.leaf;
