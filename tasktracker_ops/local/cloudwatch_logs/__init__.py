"""CloudWatch Logs: filter patterns, and the events of a group in the order of their time."""
