// A coroutine's pieces go by its name, but are called with its frame.
#include <coroutine>

struct numbers {
	struct promise_type {
		int at;
		numbers get_return_object() { return { std::coroutine_handle<promise_type>::from_promise(*this) }; }
		std::suspend_always initial_suspend() { return {}; }
		std::suspend_always final_suspend() noexcept { return {}; }
		std::suspend_always yield_value(int x) { at = x; return {}; }
		void return_void() {}
		void unhandled_exception() {}
	};
	std::coroutine_handle<promise_type> handle;
};

numbers count(int n, long step)
{
	for (int i = 0; i < n; i++)
		co_yield i * (int) step;
}

int main()
{
	numbers all = count(3, 7);

	while (!all.handle.done())
		all.handle.resume();
	all.handle.destroy();
}
