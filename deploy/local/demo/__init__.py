"""A real day through the four services: BOTRAM at Setu, HALO PAMOR in Kota Bekasi, and a copy.

What is real: the counts of 11 March 2023 (938 requests, read from SIAK's history, BOTRAM proposal
2023) and the way through the services. What is made up: the persons, the minute each of them
arrives between 09.00 and 11.30, and the issue of documents, for which SIAK would answer.
"""
