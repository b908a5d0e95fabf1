-- The writer adds rows and replaces a row by an earlier copy of its event; it deletes
-- nothing. The auditor reads.
GRANT USAGE ON SCHEMA {schema} TO mlledger_writer, mlledger_auditor;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA {schema} TO mlledger_writer;
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO mlledger_auditor;
