"""Parts of the set-up page: one file for each section."""
