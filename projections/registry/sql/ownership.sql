-- Who can explain which stage of a model?
--
-- %(model)s         text         name of the model
-- %(now)s           timestamptz  moment asked for where as_of is null
-- %(as_of)s         timestamptz  when it was true; null: now
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each of the seven stages, in the order of work, and for each role in force
-- at it; a stage that nobody can explain is one row without a principal. A role without a
-- stage is for every stage; one for the whole is for the whole alone. Roles are owner and
-- expert, for this model, for one of its AI systems, or for any.
-- Serves: SR 26-2; OSFI E-23; registry question "who understands it".
SELECT s.stage, g.event_id, g.time, g.sealed_at, g.origin, g.leaf, g.idx, g.identity,
       g.principal, g.role, g.valid_from, g.until, g.handed_over_from,
       g.model IS NULL AS by_system
  FROM unnest(ARRAY ['whole', 'data', 'features', 'training', 'evaluation', 'deployment',
                     'monitoring']) WITH ORDINALITY AS s (stage, place)
  LEFT JOIN LATERAL (
       SELECT g.*
         FROM governance.role AS g
        WHERE (g.stage IS NULL OR g.stage = s.stage)
          AND g.role IN ('owner', 'expert')
          AND (g.model = %(model)s
               OR (g.model IS NULL
                   AND (g.system IS NULL OR g.system IN (
                        SELECT r.system_id
                          FROM registry.release AS r
                         WHERE r.model = %(model)s
                           AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                           AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
                        ))))
          AND g.valid_from <= coalesce(%(as_of)s::timestamptz, %(now)s)
          AND coalesce(g.until, 'infinity') > coalesce(%(as_of)s::timestamptz, %(now)s)
          AND g.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND g.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
          AND NOT EXISTS (
              SELECT FROM governance.role_end AS z
               WHERE z.grant_id = g.event_id
                 AND z.effective_at <= coalesce(%(as_of)s::timestamptz, %(now)s)
                 AND z.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND z.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
              )
       ) AS g ON true
 ORDER BY s.place, g.principal COLLATE "C", g.time, g.event_id;
