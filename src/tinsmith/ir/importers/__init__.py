"""Roads into the IR, one file each."""
