"""The manual as a book and as pages for a place without the service: `make manual`."""
