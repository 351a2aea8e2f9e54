"""Windows, baseline and burst: when a campaign's growth is an alert."""
