-- Nobody but the vault enters the vault's database.
REVOKE CONNECT ON DATABASE mlledger_vault FROM PUBLIC;
GRANT CONNECT ON DATABASE mlledger_vault TO mlledger_vault;
