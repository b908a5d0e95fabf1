-- Statistics that were made and are perhaps not in the log, oldest first.
SELECT deployment_id, window_from, event
  FROM vault.measured
 WHERE NOT told
 ORDER BY window_from, deployment_id;
