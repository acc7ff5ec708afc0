/* Captures by <calltrace/calltrace.h>: switched on, narrowed, and switched off while calls are open. */
#include <calltrace/calltrace.h>
#include <stdio.h>

__attribute__((noinline)) long f(long n, long m)
{
	return n * 10 + m;
}

__attribute__((noinline)) long around(long n)
{
	calltrace_capture_args(true);
	n = f(n, 1);
	calltrace_capture_args(false);
	return n;
}

__attribute__((noinline)) long inside(long n)
{
	calltrace_capture_args(false);
	n = f(n, 2);
	calltrace_capture_args(true);
	return n;
}

__attribute__((noinline)) long switch_off(long n)
{
	calltrace_capture_args(false);
	return n * 3;
}

/* Its frame on the shadow stack is the one that switch_off() had. */
__attribute__((noinline)) double switch_on(long n)
{
	calltrace_capture_args(true);
	return (double) n * 0.5;
}

int main(void)
{
	f(1, 0);
	printf("%d\n", calltrace_capture_args(true));
	f(2, 0);
	printf("%d\n", calltrace_args_except("f:m"));
	f(3, 0);
	calltrace_args_except(NULL);
	calltrace_args_only("no_such, f:return");
	f(4, 0);
	calltrace_args_only("");
	calltrace_redact("f:n");
	f(5, 0);
	f(5, 1);
	calltrace_redact(NULL);
	inside(6);
	printf("%d\n", calltrace_capture_args(false));
	f(7, 0);
	around(8);
	calltrace_capture_args(true);
	switch_off(9);
	switch_on(10);
	f(11, 0);
	calltrace_capture_args(false);
	return 0;
}
