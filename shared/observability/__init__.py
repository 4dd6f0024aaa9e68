"""What a running service reports: logs, health and metrics."""
