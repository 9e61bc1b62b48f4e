"""The pages of the window's centre, one file each. They get stations and a frame clock, and know nothing of each other."""
