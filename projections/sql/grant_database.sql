-- The owner may create schemas, the writer temporary tables for staging.
GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {name} TO mlledger_owner;
GRANT CONNECT, TEMPORARY ON DATABASE {name} TO mlledger_writer;
GRANT CONNECT ON DATABASE {name} TO mlledger_auditor;
