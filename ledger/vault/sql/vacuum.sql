-- Give the space of deleted rows free; what was in it is ciphertext.
VACUUM vault.payload;
