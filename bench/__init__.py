"""Measurements: ratios within one run, on loopback, with their own broker. Nothing in here is a test."""
