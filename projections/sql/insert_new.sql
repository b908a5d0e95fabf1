-- Staged rows whose key is not there yet.
INSERT INTO {target} ({columns})
SELECT {columns} FROM {stage}
    ON CONFLICT DO NOTHING;
