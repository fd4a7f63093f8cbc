"""Alarms: evaluated, changed, acting."""
