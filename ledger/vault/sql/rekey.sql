-- A payload that stays is encrypted under a new key.
UPDATE vault.payload
   SET key_id = %(new_key_id)s, nonce = %(nonce)s, ciphertext = %(ciphertext)s
 WHERE decision_id = %(decision_id)s AND commitment = %(commitment)s
   AND key_id = %(key_id)s;
