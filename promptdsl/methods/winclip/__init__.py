"""WinCLIP and WinCLIP+ (arXiv 2303.14814): windows of patches against words and good parts."""
