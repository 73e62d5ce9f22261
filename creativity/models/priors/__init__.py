"""Priors: words -> pictures that a search can start from."""
