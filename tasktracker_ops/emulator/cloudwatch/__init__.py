"""CloudWatch: metrics of what ran, and alarms on them."""
