"""promptdsl: inspection specs in plain words, compiled to anomaly detection on CLIP models."""

__version__ = "0.1.0"
