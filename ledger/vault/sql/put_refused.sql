-- Something that arrived and is no payload of this ledger.
INSERT INTO vault.refused (source, log_offset, digest, reason, received_at)
VALUES (%(source)s, %(log_offset)s, %(digest)s, %(reason)s, %(received_at)s)
    ON CONFLICT DO NOTHING;
