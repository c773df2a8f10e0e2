"""Retrieval: of thousands of labels, those that a text may have, in an order."""
