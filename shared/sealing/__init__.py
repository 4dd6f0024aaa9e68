"""Bytes that can be read only with a key, and keys that can be read only with a master key.

The base of everything that is encrypted before it is stored. It knows no database and no service.
"""
