"""Write the generated pages of the command line below a folder."""

from __future__ import annotations

import sys
from pathlib import Path

from instasell_cli.reference.pages import write_all

for page in write_all(Path(sys.argv[1] if len(sys.argv) > 1 else ".")):
    print(page)
