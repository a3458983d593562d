"""What a command writes: records as tables, JSON or CSV, texts, and hints for errors."""
