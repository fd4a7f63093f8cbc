"""CloudWatch Logs: the events of log groups in order of time, and filter patterns."""
