-- The statistics of a window are durable in the journal.
UPDATE vault.measured SET told = true
 WHERE deployment_id = %(deployment_id)s AND window_from = %(window_from)s;
