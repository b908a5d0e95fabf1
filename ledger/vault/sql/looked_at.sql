-- A window was looked at: measured, or found too small. What comes later asks anew.
--
-- %(deployment_id)s  uuid
-- %(window_from)s    timestamptz  inclusive
-- %(window_to)s      timestamptz  exclusive
DELETE FROM vault.unmeasured
 WHERE deployment_id = %(deployment_id)s
   AND hour >= %(window_from)s AND hour < %(window_to)s;
