"""`make hostile`: six attacks on a running stack while honest requests go on beside them."""
