"""The four services: intake, scheduler, courier and reporting. None imports another."""
