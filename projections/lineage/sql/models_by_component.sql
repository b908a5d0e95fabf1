-- Which model versions contain a component, and where do they run?
--
-- %(commit)s        text         commit hash of code; null: not asked
-- %(digest)s        text         digest of a package, image, environment; null: not asked
-- %(feature)s       text         name of a feature; null: not asked
-- %(versions)s      uuid[]       base models, as model versions; null: not asked
-- %(limit)s         bigint       at most so many rows
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- At most limit rows, one for each version and way in which it contains the component;
-- commit compares from the beginning, at least 7 characters. A training program counts
-- for the runs of its commit: that it is the very build that ran is not recorded. live:
-- environments in which it answers.
-- Serves: supply chain; EU AI Act, Annex IV(2); regulation question Q09.
WITH found AS (
     SELECT v.event_id, 'commit of its run' AS via, r.event_id AS via_id
       FROM lineage.run AS r
       JOIN registry.model_version AS v ON v.run_id = r.event_id AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      WHERE length(%(commit)s) >= 7 AND starts_with(r.code ->> 'commit', %(commit)s)
        AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      UNION
     SELECT r.model_version_id, 'commit of the image seen to run', k.event_id
       FROM lineage.package AS k
       JOIN registry.deployment_observation AS o ON o.image_digest = k.digest AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       JOIN registry.deployment AS p ON p.event_id = o.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       JOIN registry.release AS r ON r.event_id = p.release_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      WHERE length(%(commit)s) >= 7 AND starts_with(k.commit, %(commit)s) AND k.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND k.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      UNION
     SELECT v.event_id, 'environment of its run', r.event_id
       FROM lineage.run AS r
       JOIN registry.model_version AS v ON v.run_id = r.event_id AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      WHERE r.environment ->> 'lock_digest' = %(digest)s AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      UNION
     SELECT r.model_version_id, 'environment of its release', r.event_id
       FROM registry.release AS r
      WHERE r.environment_digest = %(digest)s AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      UNION
     SELECT r.model_version_id, 'packages attested by its process', a.event_id
       FROM registry.process_attestation AS a
       JOIN registry.deployment AS p ON p.event_id = a.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       JOIN registry.release AS r ON r.event_id = p.release_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      WHERE %(digest)s IN (a.packages_digest, a.code_digest) AND a.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND a.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      UNION
     SELECT v.event_id, 'built from the commit of its run', k.event_id
       FROM lineage.package AS k
       JOIN lineage.run AS r
         ON r.code ->> 'commit' = k.commit
        AND r.code ->> 'repository' IS NOT DISTINCT FROM k.repository AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       JOIN registry.model_version AS v ON v.run_id = r.event_id AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      WHERE %(digest)s IN (k.digest, k.sbom_digest) AND k.kind = 'training_program'
        AND k.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND k.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      UNION
     SELECT r.model_version_id, 'image seen to run', o.event_id
       FROM registry.deployment_observation AS o
       JOIN registry.deployment AS p ON p.event_id = o.deployment_id AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       JOIN registry.release AS r ON r.event_id = p.release_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      WHERE %(digest)s IN (o.image_digest, o.packages_digest) AND o.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND o.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      UNION
     SELECT v.event_id, 'column that it takes', v.event_id
       FROM registry.model_version AS v
      WHERE jsonb_path_exists(v.inputs, '$[*] ? (@.name == $name)',
                              jsonb_build_object('name', %(feature)s::text))
        AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      UNION
     SELECT v.event_id, 'trained on data of the view ' || f.view || ' ' || f.version,
            f.event_id
       FROM lineage.feature_view AS f
       JOIN lineage.input AS i ON i.dataset_version_id = f.dataset_version_id AND i.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND i.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       JOIN registry.model_version AS v ON v.run_id = i.run_id AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
       AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      WHERE jsonb_path_exists(f.features, '$[*] ? (@.name == $name)',
                              jsonb_build_object('name', %(feature)s::text))
        AND f.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
        AND f.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
      UNION
     SELECT x.id, 'rests on the base model', x.id
       FROM unnest(%(versions)s::uuid[]) AS x (id)
)
SELECT v.event_id, v.time, v.sealed_at, v.origin, v.leaf, v.idx, v.identity,
       v.model, v.version, v.run_id, f.via, f.via_id, r.releases, r.release_ids, p.live,
       p.deployment_ids
  FROM found AS f
  JOIN registry.model_version AS v ON v.event_id = f.event_id AND v.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
  AND v.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
  LEFT JOIN LATERAL (
       SELECT array_agg(r.release ORDER BY r.time, r.event_id) AS releases,
              array_agg(r.event_id ORDER BY r.time, r.event_id) AS release_ids
         FROM registry.release AS r
        WHERE r.model_version_id = v.event_id AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS r ON true
  LEFT JOIN LATERAL (
       SELECT array_agg(DISTINCT p.environment) AS live,
              array_agg(DISTINCT p.event_id) AS deployment_ids
         FROM registry.deployment AS p
        WHERE p.release_id = ANY (r.release_ids) AND p.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND p.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
          AND NOT EXISTS (
              SELECT FROM registry.deployment_change AS c
               WHERE c.deployment_id = p.event_id AND c.change = 'deactivated'
                 AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity'))
       ) AS p ON true
 ORDER BY v.model, v.time, v.event_id, f.via
 LIMIT %(limit)s;
