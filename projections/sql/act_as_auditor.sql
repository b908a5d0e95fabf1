-- What follows is read as those read who ask questions.
SET ROLE mlledger_auditor;
