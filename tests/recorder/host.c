/* Loads plug-ins, calls plugin() in each, and unloads those whose name comes behind a '-'. */
#include <dlfcn.h>
#include <stdio.h>

int library(int number);

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *name = argv[i] + (argv[i][0] == '-');
		void *handle = dlopen(name, RTLD_NOW);
		int (*plugin)(int) = handle ? (int (*)(int)) dlsym(handle, "plugin") : NULL;

		if (!plugin)
			return 1;
		printf("%d\n", plugin(library(i)));
		if (argv[i][0] == '-')
			dlclose(handle);
	}
	return 0;
}
