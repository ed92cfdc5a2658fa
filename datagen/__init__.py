"""Draw, read, curate, balance and shard images of single characters and symbols."""

__version__ = "0.1.0"
