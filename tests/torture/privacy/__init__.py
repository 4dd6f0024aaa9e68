"""`make privacy`: made-up residents on a running stack, searched for in every place that keeps."""
