"""How Jemput gets onto a machine: images, configuration, and the stack without Docker."""
