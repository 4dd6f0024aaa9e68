"""The trail of a service: noted with each deed, chained, published, watched, verified."""
