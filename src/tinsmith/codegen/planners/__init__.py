"""One file per memory planner."""
