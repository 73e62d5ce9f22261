"""The gallery: an index of run folders, and pages to look at what is in it."""
