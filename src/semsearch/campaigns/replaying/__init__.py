"""What another policy would have done."""
