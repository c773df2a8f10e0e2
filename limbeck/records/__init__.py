"""Records: the schema that a person writes, what a model says of a cell, where each value stands, and how records are scored."""
