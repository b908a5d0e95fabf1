-- Whose keys may sign, and which were revoked?
--
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row an authorised key, newest first; revoked_at is null while it is in force. A
-- rotated key has the identity and the rights of the key that it follows.
-- Serves: regulation question Q27.
WITH RECURSIVE granted AS (
SELECT k.event_id, k.time, k.sealed_at, k.origin, k.leaf, k.idx, k.identity,
       k.key_identity, k.kind, k.event_types, k.attests,
       sha256(k.public_key) AS key_fp, k.leaf AS granted_at
  FROM integrity.key_authorized AS k
 UNION ALL
SELECT r.event_id, r.time, r.sealed_at, r.origin, r.leaf, r.idx, r.identity,
       g.key_identity, g.kind, g.event_types, g.attests,
       sha256(r.public_key), g.granted_at
  FROM integrity.key_rotated AS r
  JOIN granted AS g ON g.key_fp = r.old_key_fp AND g.leaf <= r.leaf
), newest AS (
SELECT DISTINCT ON (event_id) *
  FROM granted
 WHERE time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY event_id, granted_at DESC
), revoked AS (
SELECT key_fp, min(time) AS revoked_at, min(compromised_since) AS compromised_since,
       (array_agg(reason ORDER BY leaf, idx))[1] AS reason
  FROM integrity.key_revoked
 WHERE sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 GROUP BY key_fp
)
SELECT n.event_id, n.time, n.sealed_at, n.origin, n.leaf, n.idx, n.identity,
       n.key_identity, n.kind, n.event_types, n.attests,
       encode(n.key_fp, 'hex') AS key_fp, v.revoked_at, v.reason, v.compromised_since
  FROM newest AS n
  LEFT JOIN revoked AS v USING (key_fp)
 ORDER BY n.time DESC, n.event_id DESC;
