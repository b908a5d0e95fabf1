-- Is there such a role?
--
-- %(role)s  text  name of the role
SELECT 1 FROM pg_roles WHERE rolname = %(role)s;
