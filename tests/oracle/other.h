int other(int n);
int visit(int (*each)(int), int n);
