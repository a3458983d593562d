"""`instasell demo`: a separate market that lives as long as the demo runs."""
