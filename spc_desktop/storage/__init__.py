"""The only package that knows SQL: schema, migrations, one writer thread, readers. Implements ``hub.ports.Store``.

Called by ``app.build`` alone (``open_store``); the hub sees the ``Store`` protocol. Must not import ui, server, sources.

    store.py    SqlStore: the asynchronous face, threads, group commit      memory.py  the same contract without a file
    append.py   one batch to SQL                                            reader.py  queries from SQL
    points.py   a million points as columns                                 log.py     epoch and retention of the event log
    schema.py   tables                  rows.py  structs <-> rows           engine.py  what differs between databases
    migrate.py  backup, Alembic, refusal of newer schemas; its scripts are in migrations/versions
"""
