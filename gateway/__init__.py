"""Runs the dialogues: ports, time, configuration, outbox, broker. It names no device family."""
