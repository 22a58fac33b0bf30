"""The command line: the console's services in a shell, with the same words and the same audit. One module per noun."""
