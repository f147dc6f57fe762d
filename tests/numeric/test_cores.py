"""What a toolchain is told of a core is what the compiler then has."""

import pytest
from firmwares import CACHE

from tinsmith.build.objects import compile_all, compiler_for
from tinsmith.devices.board import cores


@pytest.mark.parametrize("toolchain", ["zig", "arm_gcc"])
def test_every_core_with_an_fpu_is_compiled_for_it(toolchain: str, require_tool) -> None:
    """The kernels' own header refuses a core whose flags do not spell its FPU; and a DSP or vector
    unit that the flags promise is there."""
    if toolchain == "arm_gcc":
        require_tool("arm-none-eabi-gcc")
    features = {"cortex-m33f": "__ARM_FEATURE_DSP", "cortex-m55": "__ARM_FEATURE_MVE",
                "cortex-m7f": "__ARM_FEATURE_DSP", "cortex-m4f": "__ARM_FEATURE_DSP"}  # fmt: skip
    for name, feature in features.items():
        core = cores()[name]
        told = f"#if !defined(__ARM_FP) || !defined({feature})\n#error\n#endif\ntypedef int ts_t;\n"
        assert compile_all(compiler_for(core, toolchain, CACHE), {"told.c": told})
    for name in ("cortex-m0plus", "cortex-m3"):
        told = (
            "#if defined(__ARM_FP) || defined(__ARM_FEATURE_DSP)\n#error\n#endif\ntypedef int t;\n"
        )
        assert compile_all(compiler_for(cores()[name], toolchain, CACHE), {"told.c": told})
