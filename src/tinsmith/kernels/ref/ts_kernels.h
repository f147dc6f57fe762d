/* The kernels of a module: their names in its program, and their prototypes. This copy, for a set of kernels by itself, renames
 * nothing; a module brings its own, which puts the module's name before the name of each kernel, so that several modules fit into
 * one program. */
