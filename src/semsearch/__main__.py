from semsearch.cli.app import main

main()
