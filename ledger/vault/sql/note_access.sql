-- Somebody reads a payload.
INSERT INTO vault.access (time, decision_id, purpose, reader)
VALUES (%(time)s, %(decision_id)s, %(purpose)s, %(reader)s);
