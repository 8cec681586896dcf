"""Measurements that can be repeated; run one as `python -m benchmarks.samples` in the folder of the project."""
