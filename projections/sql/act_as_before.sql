-- What follows is done as the role that the connection was made for.
RESET ROLE;
