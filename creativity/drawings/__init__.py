"""Drawings of other programs: SVG documents as geometry and paint whose numbers can be changed, and written back in their places."""
