"""From labelled posts to a draft: what is drawn, what a large model makes of it, what a person has to know of it."""
