"""Fakes that ship with messaging, and the suites that both fake and real must pass."""
