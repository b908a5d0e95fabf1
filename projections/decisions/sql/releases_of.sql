-- Which releases are meant: of a model version, of a deployment, or the release itself?
--
-- %(release)s         uuid         this release; null: not asked
-- %(model_version)s   uuid         of this model version; null: not asked
-- %(deployment)s      uuid         of this deployment; null: not asked
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row a release; a release that only decisions or deployments name is one too.
-- Serves: EU AI Act, Articles 20(1) and 21; regulation question Q07.
SELECT %(release)s::uuid AS release_id
 WHERE %(release)s::uuid IS NOT NULL
 UNION
SELECT r.event_id
  FROM registry.release AS r
 WHERE r.model_version_id = %(model_version)s AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 UNION
SELECT p.release_id
  FROM registry.deployment AS p
 WHERE p.event_id = %(deployment)s AND p.release_id IS NOT NULL AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY release_id;
