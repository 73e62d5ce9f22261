"""What the house measures, and how: each module prints its own table."""
