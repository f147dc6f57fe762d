/* Put before every source of a module binary: nothing is looked up through a table of absolute addresses. */
#pragma GCC visibility push(hidden)
