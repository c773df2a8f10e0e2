"""Tables from files: one grid, whatever they are written in."""
