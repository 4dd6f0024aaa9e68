"""The line held against everything that goes wrong: interleaving, crash, replay, no uplink."""
