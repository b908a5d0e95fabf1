-- What was built from a commit?
--
-- %(commit)s        text         commit hash
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each program or image, newest first. No row: the commit was never built,
-- or its build is not recorded.
-- Serves: EU AI Act, Annex IV(2); registry.
SELECT p.event_id, p.time, p.sealed_at, p.origin, p.leaf, p.idx, p.identity,
       p.name, p.kind, p.digest, p.repository, p.commit, p.dirty, p.builder,
       p.tests_passed, p.sbom_digest, p.environment_digest
  FROM lineage.package AS p
 WHERE p.commit = %(commit)s
   AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY p.time DESC, p.event_id DESC;
