-- A release that the sealed log tells of.
INSERT INTO vault.release (release_id, model)
VALUES (%(release_id)s, %(model)s)
    ON CONFLICT DO NOTHING;
