/* SPDX-License-Identifier: MIT */
/*
 * Where the boot loader jumps to: 32-bit protected mode, no paging, EAX the
 * loader's magic number and EBX the physical address of its information.
 *
 * Section .boot is linked where it is loaded; the rest of the kernel is in the
 * high half (virtual = physical + 80000000), so until paging is on its symbols are
 * used minus KERNEL_BASE.  The early page tables
 * map the first gigabyte at 0 and at 80000000 with large pages; MmInitSystem
 * replaces them.  Then KiSystemStartup (boot/main.c) runs on the boot stack.
 */
#define KERNEL_BASE 0x80000000
#define LOW(symbol) ((symbol) - KERNEL_BASE)

#define MULTIBOOT_HEADER_MAGIC 0x1BADB002
#define MULTIBOOT_LOADER_MAGIC 0x2BADB002
#define MULTIBOOT_FLAGS        0x3 /* modules on pages; memory map */

#define CR0_WP_PG    0x80010000
#define CR4_PAE      0x20
#define CPUID_PAE    0x40     /* leaf 1, EDX */
#define CPUID_NX     0x100000 /* leaf 80000001, EDX */
#define EFLAGS_ID    0x200000
#define MSR_EFER     0xC0000080
#define EFER_NXE     0x800
#define PDE_LARGE    0x83 /* present, writable, 2 MiB */
#define BOOT_STACK_SIZE 0x4000

#define COM1         0x3F8
#define EXIT_PORT    0xF4
#define EXIT_FAILURE 0x22

        .section .multiboot, "a"
        .balign 4
        .long   MULTIBOOT_HEADER_MAGIC
        .long   MULTIBOOT_FLAGS
        .long   -(MULTIBOOT_HEADER_MAGIC + MULTIBOOT_FLAGS)

        .section .boot, "ax"
        .global KiBootEntry
        .type KiBootEntry, @function
KiBootEntry:
        cli
        cld
        movl    $LOW(KiBootStackEnd), %esp
        movl    %eax, %ebp                      /* the magic; CPUID uses EAX, EBX */
        movl    %ebx, %esi
        movl    $KiNotMultiboot, %edi
        cmpl    $MULTIBOOT_LOADER_MAGIC, %ebp
        jne     KiBootRefuse
        call    KiCheckProcessor
        call    KiEnablePaging
        movl    $KiHighHalf, %eax
        jmp     *%eax

/* Stops with a sentence unless CPUID exists and says PAE. */
KiCheckProcessor:
        movl    $KiNoCpuid, %edi
        pushfl
        popl    %eax
        movl    %eax, %ecx
        xorl    $EFLAGS_ID, %eax
        pushl   %eax
        popfl
        pushfl
        popl    %eax
        cmpl    %ecx, %eax
        je      KiBootRefuse
        movl    $KiNoPae, %edi
        movl    $1, %eax
        cpuid
        testl   $CPUID_PAE, %edx
        jz      KiBootRefuse
        ret

KiEnablePaging:
        movl    $LOW(KiEarlyDirectory), %edi    /* 512 entries: a gigabyte */
        movl    $PDE_LARGE, %eax
        movl    $512, %ecx
1:      movl    %eax, (%edi)
        addl    $0x200000, %eax
        addl    $8, %edi
        loop    1b
        movl    $LOW(KiEarlyDirectory) + 1, %eax
        movl    %eax, LOW(KiEarlyPointers)      /* 00000000 */
        movl    %eax, LOW(KiEarlyPointers) + 16 /* 80000000 */
        movl    $0x80000000, %eax               /* leaf 80000001 exists only if the */
        cpuid                                   /* maximum is in the same range */
        cmpl    $0x80000001, %eax
        jb      2f
        movl    $0x80000001, %eax
        cpuid
        testl   $CPUID_NX, %edx
        jz      2f
        movl    $MSR_EFER, %ecx
        rdmsr
        orl     $EFER_NXE, %eax
        wrmsr
2:      movl    %cr4, %eax
        orl     $CR4_PAE, %eax
        movl    %eax, %cr4
        movl    $LOW(KiEarlyPointers), %eax
        movl    %eax, %cr3
        movl    %cr0, %eax
        orl     $CR0_WP_PG, %eax
        movl    %eax, %cr0
        ret

/* Prints the sentence at EDI on COM1 and the screen, leaves the emulator, stops. */
KiBootRefuse:
        movl    $0xB8000, %ebx
1:      movb    (%edi), %al
        testb   %al, %al
        jz      2f
        movw    $COM1, %dx
        outb    %al, %dx
        movb    $0x07, %ah                      /* light grey on black */
        movw    %ax, (%ebx)
        addl    $2, %ebx
        incl    %edi
        jmp     1b
2:      movb    $EXIT_FAILURE, %al
        outb    %al, $EXIT_PORT
3:      hlt
        jmp     3b

KiNotMultiboot:
        .asciz  "Nascent: not started by a Multiboot loader (use GRUB or qemu -kernel).\r\n"
KiNoCpuid:
        .asciz  "Nascent: this processor has no CPUID; a Pentium Pro or later is needed.\r\n"
KiNoPae:
        .asciz  "Nascent: this processor has no PAE (physical address extension).\r\n"

        .text
        .type KiHighHalf, @function
KiHighHalf:
        movl    $KiBootStackEnd, %esp
        pushl   %esi                            /* information, physical */
        xorl    %ebp, %ebp                      /* backtraces end here */
        call    KiSystemStartup
        ud2                                     /* it does not return */

        .bss
        .balign 0x1000
        .global KiEarlyPointers         /* ke/i386/startcpu.S uses them again */
KiEarlyDirectory:
        .skip   0x1000
        .global KiBootStack, KiBootStackEnd
KiBootStack:
        .skip   BOOT_STACK_SIZE
KiBootStackEnd:
        .balign 32
KiEarlyPointers:
        .skip   32

        .section .note.GNU-stack, "", @progbits
