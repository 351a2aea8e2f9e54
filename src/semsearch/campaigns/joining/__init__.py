"""What a post reads as, what it is like, and which leader it joins."""
