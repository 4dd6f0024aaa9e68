"""The HTTP side that all services share: guard, problems, page frame, sign-in, live streams."""
