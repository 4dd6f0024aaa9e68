"""A history brought in on real servers, with the process killed on the way."""
