-- What happened to a deployment, in order?
--
-- %(deployment)s    uuid         activation event of the deployment
-- %(as_of)s         timestamptz  when it was true; null: no bound
-- %(known_as_of)s   timestamptz  what had been sealed by then; null: no bound
--
-- Activation, changes and deactivation in order of (time, event_id).
-- Serves: EU AI Act, Annex IV(6); regulation question Q03.
SELECT h.event_id, h.time, h.sealed_at, h.origin, h.leaf, h.idx, h.identity, h.change, h.role, h.traffic, h.reason
  FROM (
       SELECT event_id, time, sealed_at, origin, leaf, idx, identity,
              'activated' AS change, role, traffic, reason
         FROM registry.deployment
        WHERE event_id = %(deployment)s
        UNION ALL
       SELECT event_id, time, sealed_at, origin, leaf, idx, identity,
              change, role, traffic, reason
         FROM registry.deployment_change
        WHERE deployment_id = %(deployment)s
       ) AS h
 WHERE h.time <= coalesce(%(as_of)s::timestamptz, 'infinity')
   AND h.sealed_at <= coalesce(%(known_as_of)s::timestamptz, 'infinity')
 ORDER BY h.time, h.event_id;
