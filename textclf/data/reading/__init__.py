"""Reading a source, whatever it is, into raw splits of columns."""
