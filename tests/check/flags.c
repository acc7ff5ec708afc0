/* Enumerations of which a JSON trace has the names: flags, and what is no set of flags. */
enum flags { READ = 2, WRITE = 4, SYNC = 16 };
enum level { LOW = -1, MIDDLE, HIGH };
struct options {
	enum flags flags;
	enum level level;
};

static int sum;

__attribute__((noinline)) static void set(enum flags flags, enum level level)
{
	sum += (int) flags + (int) level;
}

__attribute__((noinline)) static enum flags get(const struct options *options)
{
	sum += (int) options->level;
	return options->flags;
}

int main(void)
{
	set(READ | WRITE, LOW);
	set(READ | 64, (enum level) 7);
	set((enum flags) 0, HIGH);
	get(&(struct options){ WRITE | SYNC, LOW });
	return 0;
}
