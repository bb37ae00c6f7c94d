"""Device families: bytes in, readings out. Pure; nothing in here opens a port, looks at a clock or writes a log."""
