"""Graph in, smaller graph out: quantisation, later pruning and distillation."""
