-- Which AI systems are registered, and what is said of them now?
--
-- %(system)s        text         one system; null: all
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- The last registration of each name, by name, with what was changed later: title,
-- purpose, materiality, legal_entity, business_line and owner. classes: regime → class,
-- as a person last decided. retired_at: from when it is out of use.
-- Serves: inventory; regulation question Q18.
SELECT s.event_id, s.time, s.sealed_at, s.origin, s.leaf, s.idx, s.identity, s.system,
       CASE WHEN c.said ? 'title' THEN c.said ->> 'title' ELSE s.title END AS title,
       CASE WHEN c.said ? 'purpose' THEN c.said ->> 'purpose' ELSE s.purpose END
            AS purpose,
       CASE WHEN c.said ? 'materiality' THEN c.said ->> 'materiality'
            ELSE s.materiality END AS materiality,
       s.model_kind, s.model_origin,
       CASE WHEN c.said ? 'legal_entity' THEN c.said ->> 'legal_entity'
            ELSE s.legal_entity END AS legal_entity,
       CASE WHEN c.said ? 'business_line' THEN c.said ->> 'business_line'
            ELSE s.business_line END AS business_line,
       CASE WHEN c.said ? 'owner' THEN c.said ->> 'owner' ELSE s.owner END AS owner,
       k.classes, r.retired_at
  FROM (
       SELECT DISTINCT ON (s.system) *
         FROM registry.system AS s
        WHERE (%(system)s::text IS NULL OR s.system = %(system)s)
          AND s.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND s.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
        ORDER BY s.system, s.time DESC, s.event_id DESC
       ) AS s
  LEFT JOIN LATERAL (
       SELECT jsonb_object_agg(f.field, f.after) AS said
         FROM (
              SELECT DISTINCT ON (x.field) x.field, x.after
                FROM governance.system_change AS c,
                     jsonb_to_recordset(c.changes) AS x (field text, after text)
               WHERE c.system = s.system AND (c.time, c.event_id) > (s.time, s.event_id)
                 AND c.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND c.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
               ORDER BY x.field, c.time DESC, c.event_id DESC
              ) AS f
       ) AS c ON true
  LEFT JOIN LATERAL (
       SELECT jsonb_object_agg(f.regime, f.category) AS classes
         FROM (
              SELECT DISTINCT ON (k.regime) k.regime, k.category
                FROM governance.system_class AS k
               WHERE k.system = s.system
                 AND k.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
                 AND k.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
               ORDER BY k.regime, k.time DESC, k.event_id DESC
              ) AS f
       ) AS k ON true
  LEFT JOIN LATERAL (
       SELECT min(r.effective_at) AS retired_at
         FROM governance.system_retirement AS r
        WHERE r.system = s.system
          AND r.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
          AND r.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
       ) AS r ON true
 ORDER BY s.system;
