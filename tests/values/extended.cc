/* Of `a` only the first letter is used, and is extended over the register that has it: gcc 12 says that all of it is still there. */
struct letters {
	char c[4];
	char &operator[](unsigned long i) { return c[i]; }
};
struct shorts {
	short t[3];
};
struct object {
	int n;
	object(int x) : n(x) {}
	object(const object &o) : n(o.n) {}
};

int &get(object &o)
{
	return o.n;
}

__attribute__((noinline)) static int use(shorts t, letters a, object u)
{
	return t.t[1] + a[0] + get(u);
}

/* Called through a pointer: no caller tells. */
__attribute__((noinline)) int use_too(shorts t, letters a, object u)
{
	return t.t[1] + a[0] + get(u);
}

int (*volatile pointer)(shorts, letters, object) = use_too;

int main()
{
	return use({ { 1, 2, 3 } }, { { 'a', 'b', 'c', 'd' } }, 3) + pointer({ { 1, 2, 3 } }, { { 'a', 'b', 'c', 'd' } }, 3) == 7;
}
