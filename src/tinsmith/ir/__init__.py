"""The intermediate representation: one SSA graph of typed tensors for signal processing and
network alike."""
