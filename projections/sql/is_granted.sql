-- Do the roles have what they need in this database? One row when they do.
SELECT 1
 WHERE has_database_privilege('mlledger_owner', current_database(), 'CREATE')
   AND has_database_privilege('mlledger_writer', current_database(), 'TEMPORARY');
