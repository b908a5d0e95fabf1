-- Whose keys may sign, and which were revoked?
--
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row an authorised key, newest first; revoked_at is null while it is in force.
-- Serves: regulation question Q27.
SELECT k.event_id, k.time, k.sealed_at, k.origin, k.leaf, k.idx, k.identity,
       k.key_identity, k.kind, k.event_types, k.attests,
       encode(sha256(k.public_key), 'hex') AS key_fp, r.time AS revoked_at, r.reason,
       r.compromised_since
  FROM integrity.key_authorized AS k
  LEFT JOIN integrity.key_revoked AS r ON r.key_fp = sha256(k.public_key)
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE k.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND k.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY k.time DESC, k.event_id DESC;
