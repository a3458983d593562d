"""Make the states of all features on one connection, and load what they begin with."""
