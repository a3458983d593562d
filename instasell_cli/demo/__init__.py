"""`instasell demo`: a market of its own that lives as long as somebody looks at it."""
