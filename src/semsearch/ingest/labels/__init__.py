"""Labels that others made: tables, TREC qrels, BEIR folders, Quepid and ESCI tables, Label Studio annotations."""
