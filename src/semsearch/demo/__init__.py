"""The whole job, chapter by chapter: on a made market (`market`), or on the user's own listings (`listings`)."""
