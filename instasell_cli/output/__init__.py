"""Write the output of commands: records as tables, JSON or CSV, texts, and hints for errors."""
