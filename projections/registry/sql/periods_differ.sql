-- Which deployments have another period than their events give them, or none?
--
-- Takes no parameters. At most a hundred rows: the deployment, what the events make of
-- it and what the table holds, each as text; null: no row.
WITH wanted AS (
SELECT d.event_id AS deployment_id, d.time AS started,
       CASE WHEN min(e.time) IS NOT NULL THEN greatest(d.time, min(e.time)) END AS ended
  FROM registry.deployment AS d
  LEFT JOIN registry.deployment_change AS e
    ON e.deployment_id = d.event_id AND e.change = 'deactivated'
 GROUP BY d.event_id, d.time
)
SELECT coalesce(w.deployment_id, p.deployment_id),
       CASE WHEN w.deployment_id IS NOT NULL
            THEN concat_ws(' until ', w.started, w.ended)
       END,
       CASE WHEN p.deployment_id IS NOT NULL
            THEN concat_ws(' until ', p.started, p.ended)
       END
  FROM wanted AS w
  FULL JOIN registry.deployment_period AS p ON p.deployment_id = w.deployment_id
 WHERE (w.deployment_id, w.started, w.ended)
       IS DISTINCT FROM (p.deployment_id, p.started, p.ended)
 ORDER BY 1
 LIMIT 100;
