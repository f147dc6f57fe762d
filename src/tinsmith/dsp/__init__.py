"""Signal-processing blocks that lower to IR ops: the device computes what the studio computed."""
