"""How often somebody may do something: rates, and counts that the processes of a service share."""
