$CALLTRACE report --help
