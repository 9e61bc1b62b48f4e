"""The only package that knows SQL: schema, migrations, one writer thread, readers. Implements ``hub.ports.Store``."""
