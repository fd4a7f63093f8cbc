"""API Gateway's HTTP APIs: from an HTTP request to a function's answer."""
