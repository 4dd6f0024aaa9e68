"""MongoDB as docker-compose.yml runs it."""
