"""``python -m benchmarks``: every table. Peers that are not installed are named and left out."""

from benchmarks import raster, search

raster.main()
search.main()
