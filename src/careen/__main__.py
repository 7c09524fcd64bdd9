from careen.cli import main

main()
