-- Nobody but the sealer enters the sealer's database.
REVOKE CONNECT ON DATABASE mlledger_seal FROM PUBLIC;
GRANT CONNECT ON DATABASE mlledger_seal TO mlledger_sealer;
