"""Linker scripts with literal numbers: code and constants from the start of flash, the stack at
the bottom of RAM (overflowing it leaves the memory), then .data, .bss and the arena in it."""

from collections.abc import Sequence

from tinsmith.devices.board import Memory

_TEMPLATE = """\
/* {title} */
ENTRY({entry})

MEMORY {{
{memory}
}}

/* Named, so that no linker puts the file's own headers into a segment.
 * Flags: 4 read, 2 write, 1 execute. */
PHDRS {{
    code PT_LOAD FLAGS(5);
    constants PT_LOAD FLAGS(4);
    stack PT_LOAD FLAGS(6);
    data PT_LOAD FLAGS(6);
    zero PT_LOAD FLAGS(6);
}}

SECTIONS {{
    .vectors : {{ KEEP(*(.vectors)) . = ALIGN(8); }} > FLASH :code
    .text : {{ *(.text .text.*) . = ALIGN(8); }} > FLASH :code
    .weights : {{ *_weights.o(.rodata .rodata.*) . = ALIGN(8); }} > {rodata} :constants
    .rodata : {{ *(.rodata .rodata.* .srodata .srodata.*) . = ALIGN(8); }} > {rodata} :constants

    .stack (NOLOAD) : {{ ts_stack_bottom = .; . = . + {stack}; ts_stack_top = .; }} > RAM :stack
    .data : {{
        ts_data_begin = .; *(.data .data.* .sdata .sdata.*) . = ALIGN(8); ts_data_end = .;
    }} > RAM AT > {rodata} :data
    ts_data_load = LOADADDR(.data);
    .bss (NOLOAD) : {{
        ts_bss_begin = .; *(.bss .bss.* .sbss .sbss.* COMMON) . = ALIGN(8); ts_bss_end = .;
    }} > RAM :zero

    /* Debug sections of the compiler's library hold paths of the machine that built it. */
    /DISCARD/ : {{ *(.ARM.exidx* .ARM.extab* .eh_frame* .comment .note* .debug*) }}
    ASSERT(ts_bss_end <= {ram_end}, "RAM is too small")
    ASSERT({stack} % 8 == 0, "the stack must be a multiple of 8 bytes")
}}
"""


def linker_script(
    title: str, memories: Sequence[Memory], stack_bytes: int, entry: str, room: int = 0
) -> str:
    """The script for exactly these memories; ``room`` bytes are added to each (to learn how much
    an image that does not fit would need)."""
    roles = {m.role: m for m in memories}
    lines = [
        f"    {role.upper()} ({'rwx' if role == 'ram' else 'rx'}) : "
        f"ORIGIN = {m.origin:#x}, LENGTH = {m.nbytes + room:#x}"
        for role, m in roles.items()
    ]
    ram = roles["ram"]
    return _TEMPLATE.format(
        title=title,
        entry=entry,
        memory="\n".join(lines),
        rodata="RODATA" if "rodata" in roles else "FLASH",
        stack=stack_bytes,
        ram_end=hex(ram.origin + ram.nbytes + room),
    )
