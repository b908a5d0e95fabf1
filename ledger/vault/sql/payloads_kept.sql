-- The encrypted payloads of some decisions.
--
-- %(decision_ids)s  uuid[]
SELECT p.decision_id, p.commitment, p.key_id, p.nonce, p.ciphertext
  FROM vault.payload AS p
 WHERE p.decision_id = ANY (%(decision_ids)s) AND p.state = 'kept'
 ORDER BY p.decision_id;
