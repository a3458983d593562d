"""Files of rows, whatever their format and encoding, read as they come."""
