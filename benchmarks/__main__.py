"""``python -m benchmarks``: every table of speed. Peers that are not installed are named and left out.

Error against time takes a quarter of an hour, and has a command of its own: ``python -m benchmarks.fit``.
"""

from benchmarks import raster, search

raster.main()
search.main()
