-- What of all that is searched meets the conditions?
--
-- found                          search_models.sql, search_versions.sql or search_runs.sql
-- held                           search_held.sql
-- %(conditions)s    jsonb        conditions that must all hold, with scope, key, op and
--                                value, number or list; empty: all
--
-- Part of search_newest.sql and search_ordered.sql. Of each only what a condition names
-- is looked up.
-- Serves: registry; the filter language of MLflow.
SELECT f.*
  FROM ({found}) AS f
 WHERE NOT EXISTS (
       SELECT
         FROM jsonb_to_recordset(%(conditions)s::jsonb)
              AS c (scope text, key text, op text, value text, number double precision,
                    list jsonb)
        CROSS JOIN LATERAL ({held}) AS h
        WHERE NOT coalesce(
              CASE WHEN c.number IS NOT NULL THEN
                   CASE c.op WHEN '=' THEN h.held::double precision = c.number
                             WHEN '!=' THEN h.held::double precision <> c.number
                             WHEN '>' THEN h.held::double precision > c.number
                             WHEN '>=' THEN h.held::double precision >= c.number
                             WHEN '<' THEN h.held::double precision < c.number
                             WHEN '<=' THEN h.held::double precision <= c.number END
                   ELSE
                   CASE c.op WHEN '=' THEN h.held = c.value
                             WHEN '!=' THEN h.held <> c.value
                             WHEN 'LIKE' THEN h.held LIKE c.value
                             WHEN 'ILIKE' THEN h.held ILIKE c.value
                             WHEN 'IN' THEN c.list ? h.held END
                   END, false)
       )
