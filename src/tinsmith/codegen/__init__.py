"""Our compiler: a graph becomes readable C and a memory plan."""
