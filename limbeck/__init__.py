"""limbeck: unlabelled documents in; taxonomies, labels, records and small models out."""

__version__ = "0.1.0"
