"""Parts of the entry page: what is being entered, where it waits for its hub, and the widgets around it."""
