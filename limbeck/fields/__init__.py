"""Fields of documents: what a person wants, what annotators find, where it stands, and whether it can be right."""
