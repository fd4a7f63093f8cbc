"""The embedded CloudWatch: metrics, metric math, alarms."""
