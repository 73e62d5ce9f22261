"""``python -m creativity`` is the ``creativity`` command."""

from creativity.cli import main

raise SystemExit(main())
