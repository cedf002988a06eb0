"""Skips the whole module while it is imported, as a check that waits for a package does."""

QUICK = True
SAYS = "skipping"

print("skipping", flush=True)
try:
    import pytest
except BaseException:
    raise ImportError("could not import 'torch_xla': No module named 'torch_xla'") from None
pytest.importorskip("torch_xla")
