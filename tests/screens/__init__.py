"""Every page of the window in both languages, both themes and two sizes of text: pictures, and what a program can check."""
