"""Auto-graded exercises and quizzes for PyTorch courses."""

__version__ = "0.1.0"
