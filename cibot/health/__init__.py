"""The signals that judge one CI: figures with interval, sample size and threshold. Pure."""
