"""Messaging: topology, outbox, inbox, group commit, retries and dead letters.

Handlers and use cases see only `UnitOfWork` and the errors; everything else is wired in `app.py`.
"""
