"""What a running service says of itself: logs, health and metrics."""
