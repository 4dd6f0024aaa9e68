"""RabbitMQ and MongoDB for a machine as it is: given, in an engine, or as processes of our own."""
