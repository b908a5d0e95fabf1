-- A sealed decision that committed to a payload; the first one of an id stays.
INSERT INTO vault.decision
       (decision_id, commitment, time, use, case_id, origin, leaf, idx, deployment_id)
VALUES (%(decision_id)s, %(commitment)s, %(time)s, %(use)s, %(case_id)s, %(origin)s,
        %(leaf)s, %(idx)s, %(deployment_id)s)
    ON CONFLICT DO NOTHING;
