"""Item models: what stations know, as rows. Fed by the stations' signals, never written by the views but for subscriptions."""
