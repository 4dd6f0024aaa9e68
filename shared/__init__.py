"""What at least two services use and no business noun belongs to. Never imports a service."""
