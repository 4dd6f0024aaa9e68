"""What the layers of one request pass to each other in the ASGI scope."""

from typing import Final

ROUTE: Final = "jemput.route"
"""The matched route's template."""
CALLER: Final = "jemput.caller"
"""The caller, acting in the roles that the route's rule allows."""
PROBLEM: Final = "jemput.problem"
"""The problem that the request was answered with."""
PERSON: Final = "jemput.person"
"""The id of the person that the answer shows."""
UPLOAD: Final = "jemput.upload"
"""Bytes of a file that this route takes as its body; not there for other bodies."""
MORE_TIME: Final = "jemput.more_time"
"""Called once the guard has let a file's sender through: its body gets the time of an upload."""
VIEWER: Final = "jemput.viewer"
"""Whoever is signed in, on any page; decides what the navigation shows, nothing else."""
