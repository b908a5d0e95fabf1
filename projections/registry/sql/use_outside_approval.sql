-- Which decisions served a use that their release is not approved for?
--
-- %(release)s       uuid         of this release; null: any
-- %(since)s         timestamptz  happened then or later; null: no bound
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each release and use that is outside, most decisions first. status: not
-- approved (the release names its uses, this is none), restricted (the release says that
-- it must not), no use (the decision says none), no release (it is not recorded), no uses
-- (the release names none, so nothing can be said). event_id is the release.
-- Serves: EU AI Act, Articles 13 and 26; regulation question Q39.
SELECT u.release_id, r.event_id, r.time, r.sealed_at, r.origin, r.leaf, r.idx,
       r.identity, r.release, r.model, r.version, r.system_id, u.use, r.approved_uses,
       r.restrictions, u.status, u.decisions, u.adverse, u.first_at, u.last_at,
       u.sample_id
  FROM (
       SELECT g.*,
              CASE WHEN r.event_id IS NULL THEN 'no release'
                   WHEN g.use = ANY (r.restrictions) THEN 'restricted'
                   WHEN cardinality(r.approved_uses) = 0 THEN 'no uses'
                   WHEN g.use IS NULL THEN 'no use'
                   WHEN g.use <> ALL (r.approved_uses) THEN 'not approved' END AS status
         FROM (
              SELECT d.release_id, d.use, count(*) AS decisions,
                     count(*) FILTER (WHERE d.adverse) AS adverse,
                     min(d.time) AS first_at, max(d.time) AS last_at,
                     min(d.event_id::text)::uuid AS sample_id
                FROM decisions.decision AS d
               WHERE (%(release)s::uuid IS NULL OR d.release_id = %(release)s)
                 AND (%(since)s::timestamptz IS NULL OR d.time >= %(since)s)
                 AND d.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND d.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
               GROUP BY d.release_id, d.use
              ) AS g
         LEFT JOIN registry.release AS r ON r.event_id = g.release_id
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS u
  LEFT JOIN registry.release AS r ON r.event_id = u.release_id
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 WHERE u.status IS NOT NULL
 ORDER BY u.decisions DESC, u.release_id, u.use
 LIMIT %(limit)s;
