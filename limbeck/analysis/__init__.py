"""Data analysis without a model or a store: a folder's files, the code in an answer, what of all that a prompt can hold."""
