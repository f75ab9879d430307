/* SPDX-License-Identifier: MIT */
/*
 * Offsets and numbers that ntdll's assembly needs; layout.c compares them with
 * the C declarations.
 */
#pragma once

#define CONTEXT_FLAGS   0x00
#define CONTEXT_SEG_GS  0x8C
#define CONTEXT_SEG_FS  0x90
#define CONTEXT_SEG_ES  0x94
#define CONTEXT_SEG_DS  0x98
#define CONTEXT_EDI     0x9C
#define CONTEXT_ESI     0xA0
#define CONTEXT_EBX     0xA4
#define CONTEXT_EDX     0xA8
#define CONTEXT_ECX     0xAC
#define CONTEXT_EAX     0xB0
#define CONTEXT_EBP     0xB4
#define CONTEXT_EIP     0xB8
#define CONTEXT_SEG_CS  0xBC
#define CONTEXT_EFLAGS  0xC0
#define CONTEXT_ESP     0xC4
#define CONTEXT_SEG_SS  0xC8
#define CONTEXT_SIZE    0x2CC
#define CONTEXT_FULL_VALUE 0x10007

#define STATUS_NOT_IMPLEMENTED_VALUE 0xC0000002

#ifdef __ASSEMBLER__
.macro Function Name
    .globl \Name
    .def \Name; .scl 2; .type 32; .endef
    .p2align 4
\Name:
    .cfi_startproc
.endm
#endif
