"""Pages of documents: files of any kind → words with boxes, and text that keeps their layout."""
