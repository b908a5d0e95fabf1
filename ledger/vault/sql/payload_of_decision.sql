-- The payloads that arrived for a decision, with what the sealed decision committed to.
--
-- %(decision_id)s  uuid
SELECT p.commitment, p.key_id, p.nonce, p.ciphertext, p.state, p.reason,
       d.commitment
  FROM vault.payload AS p
  LEFT JOIN vault.decision AS d USING (decision_id)
 WHERE p.decision_id = %(decision_id)s
 ORDER BY p.state = 'kept' DESC, p.received_at;
