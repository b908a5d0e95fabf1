-- What an event says about retention; the same event may be told twice.
INSERT INTO vault.rule (event_id, type, time, fields)
VALUES (%(event_id)s, %(type)s, %(time)s, %(fields)s)
    ON CONFLICT DO NOTHING;
