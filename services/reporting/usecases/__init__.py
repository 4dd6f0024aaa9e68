"""What reporting does, one use case a file, each with the Protocols that it needs."""
