"""What every layer needs: errors, hashes, units, catalogues, quantities, limits, progress,
cache."""
