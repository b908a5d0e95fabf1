-- How many payloads of a deployment came after their window was measured?
--
-- %(deployment_id)s  uuid
SELECT coalesce(sum(late), 0) FROM vault.measured WHERE deployment_id = %(deployment_id)s;
