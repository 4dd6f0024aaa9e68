"""Fakes that ship with the road, and the suites that both fake and real must pass."""
