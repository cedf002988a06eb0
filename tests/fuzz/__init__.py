"""What hostile bytes are thrown at: targets, inputs to start from, and a run that is guided by coverage."""
