"""MongoDB behind one door: client, transactions, indexes.

The driver is imported only here and in the services' `store.py`, so that a change of driver stays a
change of few files.
"""
