"""Files of strangers: streamed, sealed, checked and written anew, bound to what they belong to.

`upload.py` is the road of a file, `cleaning.py` what the worker does with it, `stored.py` what is
kept of it, `frames.py` how its bytes lie in the database.
"""
