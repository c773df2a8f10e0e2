"""What the nodes of the graphs do: one module a stage, each a function of the run's context, written to the store."""
