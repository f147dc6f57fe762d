"""What importers build with: a thing that models do, as the nodes that compute it."""
