"""The gateway: plain JSON on loopback for a department's own systems, proven answers behind it."""
