$CALLTRACE run --help
