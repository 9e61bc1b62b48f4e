"""The alerts page in parts: an alert with its evidence, what can be done about it, the past, and the figures."""
