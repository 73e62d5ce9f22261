"""Many searches at once: planned from a file, run by worker processes here or on a cluster, none lost and none done twice."""
