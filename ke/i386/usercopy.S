/* SPDX-License-Identifier: MIT */
/*
 * The only instructions of the kernel, besides the copying of a system call's
 * arguments, that touch user memory.  A fault in one that mm cannot resolve ends
 * the copy through the exception table.
 */
#include "ke/i386/trapmacros.h"

        .text

/*
 * SIZE_T KiCopyFromUser(void *Destination, const void __user *Source, SIZE_T Length)
 * SIZE_T KiCopyToUser(void __user *Destination, const void *Source, SIZE_T Length)
 *
 * Return how many bytes were not copied.  The caller has checked the range.  All here
 * take their arguments in EAX, EDX and ECX.
 * The same code twice, so that a backtrace tells which it was.
 */
.macro USER_COPY name
        .balign 16
        .global \name
        .type   \name, @function
\name:
        .cfi_startproc
        pushl   %edi
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset edi, 0
        pushl   %esi
        .cfi_adjust_cfa_offset 4
        .cfi_rel_offset esi, 0
        movl    %eax, %edi
        movl    %edx, %esi
        movl    %ecx, %eax
        andl    $3, %eax                /* bytes after the last whole word */
        shrl    $2, %ecx
        USER_ACCESS_BEGIN
1:      rep movsl
        movl    %eax, %ecx
        xorl    %eax, %eax
2:      rep movsb
3:      USER_ACCESS_END
        leal    (%eax, %ecx, 4), %eax   /* 0, or after a fault in 1 what is left */
        popl    %esi
        .cfi_adjust_cfa_offset -4
        .cfi_restore esi
        popl    %edi
        .cfi_adjust_cfa_offset -4
        .cfi_restore edi
        ret
4:      USER_ACCESS_END                 /* fault in 2: ECX bytes are left */
        movl    %ecx, %eax
        popl    %esi
        popl    %edi
        ret
        .cfi_endproc
        ON_FAULT 1b, 3b
        ON_FAULT 2b, 4b
        .size   \name, . - \name
.endm

        USER_COPY KiCopyFromUser
        USER_COPY KiCopyToUser

/*
 * The same for one word, which most parameters are; not 0 after a fault.
 *
 * SIZE_T KiReadUserWord(PULONG Destination, const ULONG __user *Source)
 * SIZE_T KiWriteUserWord(ULONG __user *Destination, ULONG Value)
 * SIZE_T KiTouchUser(void __user *Address)
 *
 * The last writes a byte as it is, and loses nothing that is written there meanwhile.
 */
.macro USER_WORD name
        .balign 16
        .global \name
        .type   \name, @function
\name:
        .cfi_startproc
.endm

.macro USER_WORD_END name
        ret
        .cfi_endproc
        .size   \name, . - \name
.endm

        USER_WORD KiReadUserWord
        USER_ACCESS_BEGIN
5:      movl    (%edx), %edx
        USER_ACCESS_END
        movl    %edx, (%eax)
        xorl    %eax, %eax
        USER_WORD_END KiReadUserWord
        ON_FAULT 5b, KiUserWordFault

        USER_WORD KiWriteUserWord
        movl    %eax, %ecx
        xorl    %eax, %eax
        USER_ACCESS_BEGIN
6:      movl    %edx, (%ecx)
        USER_ACCESS_END
        USER_WORD_END KiWriteUserWord
        ON_FAULT 6b, KiUserWordFault

        USER_WORD KiTouchUser
        movl    %eax, %edx
        xorl    %eax, %eax
        USER_ACCESS_BEGIN
7:      lock orb %al, (%edx)
        USER_ACCESS_END
        USER_WORD_END KiTouchUser
        ON_FAULT 7b, KiUserWordFault

        USER_WORD KiUserWordFault
        USER_ACCESS_END
        movl    $4, %eax
        USER_WORD_END KiUserWordFault
