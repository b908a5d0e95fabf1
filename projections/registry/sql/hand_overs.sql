-- Who handed a model, or a stage of it, over to whom?
--
-- %(model)s         text         name of the model
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- One row for each hand-over, newest first.
-- Serves: SR 26-2; OSFI E-23.
SELECT g.event_id, g.time, g.sealed_at, g.origin, g.leaf, g.idx, g.identity,
       g.model, g.stage, g.role, g.handed_over_from, g.principal, g.valid_from, g.reason
  FROM governance.role AS g
 WHERE g.model = %(model)s AND g.handed_over_from IS NOT NULL
   AND g.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND g.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY g.time DESC, g.event_id DESC;
