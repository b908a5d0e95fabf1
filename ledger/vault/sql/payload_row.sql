-- The encrypted bytes of one payload under one key.
SELECT nonce, ciphertext
  FROM vault.payload
 WHERE decision_id = %(decision_id)s AND commitment = %(commitment)s
   AND key_id = %(key_id)s;
