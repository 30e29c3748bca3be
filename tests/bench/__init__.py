"""The benchmark: Sightline beside its peers on the same data, in one run; see README.md."""
