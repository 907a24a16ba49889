"""The user's cache folder: hashes of files, text embeddings and features of pictures live there.

A cache only saves time. One that cannot be read or written, or that holds damaged files, must
never end a command.
"""

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """`$PROMPTDSL_CACHE`, or the place where this system keeps a user's caches."""
    chosen = os.environ.get("PROMPTDSL_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("promptdsl"))
