"""Amazon CloudWatch: metrics."""
