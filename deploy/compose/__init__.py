"""What docker-compose.yml needs beside the services: first-start secrets, stand-in images."""
