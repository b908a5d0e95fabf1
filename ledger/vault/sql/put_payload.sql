-- An encrypted payload; a second copy changes nothing.
INSERT INTO vault.payload
       (decision_id, commitment, key_id, nonce, ciphertext, state, received_at)
VALUES (%(decision_id)s, %(commitment)s, %(key_id)s, %(nonce)s, %(ciphertext)s,
        'waiting', %(received_at)s)
    ON CONFLICT DO NOTHING;
