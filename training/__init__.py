"""How the embedded models were made: data, training, measuring. Not in the wheel; run from a checkout."""
