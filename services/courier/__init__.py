"""Courier: fetches papers from homes and brings documents back, by the agents of each RW."""
