"""Work that needs a process of its own: hashing, images, documents, later the solver.

A service's worker (`ROLE=worker`) takes jobs over a Unix domain socket and has each done by a
child process within limits. `client.py` is what services use; `server.py`, `pool.py` and `child.py`
are the worker; `frames.py` is how all of them speak.
"""
