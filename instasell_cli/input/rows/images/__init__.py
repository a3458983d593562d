"""Pictures that come with rows: where they come from, and what has been uploaded."""
