-- Which window of a deployment is to be measured next?
--
-- %(length)s  interval     of a window, whole hours
-- %(until)s   timestamptz  end of the newest window that may be measured
--
-- The oldest one with payload that no window has looked at. A window that overlaps one of
-- another length which was measured is left out: nothing is measured twice.
SELECT l.deployment_id, l.digest, l.release_id, l.system_id, r.model, w.window_from,
       w.window_from + %(length)s AS window_to
  FROM (SELECT DISTINCT u.deployment_id,
               date_bin(%(length)s, u.hour, TIMESTAMPTZ '1970-01-01 00:00:00+00')
               AS window_from
          FROM vault.unmeasured AS u
         WHERE u.hour < %(until)s) AS w
  JOIN vault.deployment AS l ON l.deployment_id = w.deployment_id
  LEFT JOIN vault.release AS r ON r.release_id = l.release_id
 WHERE NOT EXISTS (
       SELECT FROM vault.measured AS m
        WHERE m.deployment_id = w.deployment_id
          AND m.window_from < w.window_from + %(length)s
          AND m.window_to > w.window_from)
 ORDER BY w.window_from, l.deployment_id
 LIMIT 1;
