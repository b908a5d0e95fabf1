-- How many measured windows are some decisions in?
--
-- %(decision_ids)s  uuid[]
SELECT count(DISTINCT (m.deployment_id, m.window_from))
  FROM vault.decision AS d
  JOIN vault.measured AS m ON m.deployment_id = d.deployment_id
   AND m.window_from <= d.time AND m.window_to > d.time
 WHERE d.decision_id = ANY (%(decision_ids)s);
