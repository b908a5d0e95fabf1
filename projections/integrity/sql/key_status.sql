-- Which keys could sign at a moment, and was anything signed after a revocation?
--
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row an authorised key, by its identity. state at the moment asked for: in_force,
-- suspect (in force, and said later to have been in other hands since before then) or
-- revoked. entries_after: entries signed with it and sealed after its revocation that
-- were accepted all the same; refused_after: those that were not.
-- Serves: 17 CFR 240.17a-4(f); regulation question Q27.
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
     SELECT DISTINCT ON (g.event_id) g.*
       FROM granted AS g
      WHERE g.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND g.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      ORDER BY g.event_id, g.granted_at DESC
), revoked AS (
     SELECT v.key_fp, min(v.time) AS revoked_at, min(v.sealed_at) AS revoked_seal,
            min(v.compromised_since) AS compromised_since,
            (array_agg(v.reason ORDER BY v.leaf, v.idx))[1] AS reason,
            (array_agg(v.event_id ORDER BY v.leaf, v.idx))[1] AS revocation_id
       FROM integrity.key_revoked AS v
      WHERE v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      GROUP BY v.key_fp
)
SELECT n.event_id, n.time, n.sealed_at, n.origin, n.leaf, n.idx, n.identity,
       n.key_identity, n.kind, n.event_types, n.attests,
       encode(n.key_fp, 'hex') AS key_fp, n.time AS valid_from,
       CASE WHEN v.revoked_at <= coalesce(%(as_of)s::timestamptz, 'infinity')
            THEN 'revoked'
            WHEN v.compromised_since <= coalesce(%(as_of)s::timestamptz, 'infinity')
            THEN 'suspect'
            ELSE 'in_force' END AS state,
       v.revoked_at, v.reason, v.compromised_since, v.revocation_id,
       e.entries, e.entries_after, u.refused_after
  FROM newest AS n
  LEFT JOIN revoked AS v USING (key_fp)
  LEFT JOIN LATERAL (
       SELECT count(*) AS entries,
              count(*) FILTER (WHERE e.sealed_at > v.revoked_seal) AS entries_after
         FROM integrity.entry AS e
        WHERE e.key_fp = n.key_fp
          AND e.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS e ON true
  LEFT JOIN LATERAL (
       SELECT count(*) AS refused_after
         FROM integrity.unaccepted AS u
        WHERE u.key_fp = n.key_fp AND u.verdict BETWEEN 16 AND 63
          AND u.sealed_at > v.revoked_seal
          AND u.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS u ON v.key_fp IS NOT NULL
 ORDER BY n.key_identity, n.time, n.event_id;
