-- Let the login that made a role act as it.
GRANT {role} TO CURRENT_USER;
