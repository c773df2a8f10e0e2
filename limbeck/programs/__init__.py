"""What is asked of models: one file a pipeline, signatures and modules of DSPy, nothing stored or logged in them."""
