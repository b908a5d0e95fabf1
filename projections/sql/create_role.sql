-- Make a role that nobody logs in as; logins are granted it.
CREATE ROLE {role} NOLOGIN;
