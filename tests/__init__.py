"""Every proof of the program's behaviour; ``python -m tests.check`` runs all of it."""
