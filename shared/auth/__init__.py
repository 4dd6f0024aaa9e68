"""Who may do what: roles with their scope, signed tokens, and the table of routes and rules."""
