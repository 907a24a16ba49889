"""Fixtures for everything that validates."""

from .scene import seeing_red

__all__ = ["seeing_red"]
