/* A plug-in: NAME is its function's. With -DLIBRARY, a library. */
#ifdef LIBRARY
int library(int number)
{
	return number + 100;
}
#else
__attribute__((noinline)) int NAME(int number)
{
	return number + 1;
}

int plugin(int number);

int plugin(int number)
{
	return NAME(number);
}
#endif
