"""Float32 kernels for cores with an FPU."""
