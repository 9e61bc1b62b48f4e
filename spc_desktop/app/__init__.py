"""The only place that knows everything: command line, wiring, start and stop, crash reports, logs."""
