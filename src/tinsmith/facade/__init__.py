"""What `import tinsmith` offers to notebooks and scripts: models, compiled modules, measurements,
proofs and projects as objects that print themselves."""
