-- Which releases were made, of which model version, and which were withdrawn?
--
-- %(model)s           text         name of the model; null: all
-- %(release)s         uuid         one release by its event; null: all
-- %(model_version)s   uuid         of this model version; null: all
-- %(label)s           text         label of the release; null: any
-- %(limit)s           bigint       at most so many rows
-- %(as_of)s           timestamptz  when it was true; null: no bound
-- %(known_as_of)s     timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, newest first. conflicting is true when the same label names a
-- release of another digest too. ended: withdrawn or recalled, from ended_at on.
-- Serves: EU AI Act, Article 12; regulation question Q14.
SELECT r.event_id, r.time, r.sealed_at, r.origin, r.leaf, r.idx, r.identity,
       r.release, r.model, r.version, r.model_version_id, r.artifact_digest,
       r.configuration_digest, r.feature_schema_digest, r.environment_digest,
       r.instructions_digest, r.release_digest, r.thresholds, r.backing_services,
       r.secret_references, r.approved_uses, r.restrictions, r.change_class,
       r.previous_id, r.system_id,
       EXISTS (
       SELECT FROM registry.release AS o
        WHERE o.release = r.release AND o.model IS NOT DISTINCT FROM r.model
          AND o.release_digest <> r.release_digest
          AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS conflicting,
       w.event_id AS ended_id, w.kind AS ended, w.effective_at AS ended_at,
       w.reason AS ended_reason
  FROM registry.release AS r
  LEFT JOIN LATERAL (
       SELECT w.event_id, w.kind, w.effective_at, w.reason
         FROM registry.release_withdrawal AS w
        WHERE w.release_id = r.event_id
          AND w.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND w.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY w.time DESC, w.event_id DESC
        LIMIT 1
       ) AS w ON true
 WHERE (%(model)s::text IS NULL OR r.model = %(model)s)
   AND (%(release)s::uuid IS NULL OR r.event_id = %(release)s)
   AND (%(model_version)s::uuid IS NULL OR r.model_version_id = %(model_version)s)
   AND (%(label)s::text IS NULL OR r.release = %(label)s)
   AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY r.time DESC, r.event_id DESC
 LIMIT %(limit)s;
