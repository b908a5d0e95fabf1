-- A window was measured; the first time counts.
INSERT INTO vault.measured (deployment_id, window_from, window_to, event)
VALUES (%(deployment_id)s, %(window_from)s, %(window_to)s, %(event)s)
    ON CONFLICT DO NOTHING;
