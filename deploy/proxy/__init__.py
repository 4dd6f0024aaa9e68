"""The one address: nginx in front of the four services, in containers and on this machine."""
