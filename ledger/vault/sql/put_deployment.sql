-- A deployment that the sealed log tells of.
INSERT INTO vault.deployment (deployment_id, digest, release_id, system_id)
VALUES (%(deployment_id)s, %(digest)s, %(release_id)s, %(system_id)s)
    ON CONFLICT DO NOTHING;
