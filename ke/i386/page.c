/* SPDX-License-Identifier: MIT */
/*
 * Zeroing and copying pages, and zeroing large blocks, by SSE: sixteen bytes an
 * instruction, because the three are a large part of what a new process costs.
 *
 * The registers belong to whatever thread used them last (npx.c), so the one that
 * is borrowed is put back, and with interrupts off nobody sees it meanwhile.
 */
#include "ke/i386/kii386.h"

#define PAGE  0x1000u
#define STEPS 64 /* moves in one round of the loop */
#define CHUNK 64u /* bytes in one round of KeZeroMemory's */
#define LARGE 256u

typedef struct _KI_BORROWED {
    UCHAR Register[16];
    ULONG Cr0;
    BOOLEAN Interrupts;
} KI_BORROWED;

FORCEINLINE void KiBorrowRegister(KI_BORROWED *Borrowed)
{
    Borrowed->Interrupts = KeDisableInterrupts();
    Borrowed->Cr0 = KiReadcr0();
    __asm__ volatile("clts\n\tmovups %%xmm0, %0" : "=m"(Borrowed->Register));
}

FORCEINLINE void KiReturnRegister(const KI_BORROWED *Borrowed)
{
    __asm__ volatile("movups %0, %%xmm0" : : "m"(Borrowed->Register));
    KiWritecr0(Borrowed->Cr0);
    if (Borrowed->Interrupts) {
        KiEnableInterrupts(); /* nothing has become deliverable meanwhile */
    }
}

void KeZeroPage(PVOID Page)
{
    PUCHAR End = (PUCHAR)Page + PAGE;
    KI_BORROWED Borrowed;

    if (!(HalCpuFeatures & HAL_CPU_SSE)) {
        RtlZeroMemory(Page, PAGE);
        return;
    }
    KiBorrowRegister(&Borrowed);
    __asm__ volatile("xorps %%xmm0, %%xmm0\n"
                     "1:\n\t"
                     ".set offset, 0\n\t"
                     ".rept %c2\n\t"
                     "movaps %%xmm0, offset(%0)\n\t"
                     ".set offset, offset + 16\n\t"
                     ".endr\n\t"
                     "addl %3, %0\n\t"
                     "cmpl %1, %0\n\t"
                     "jne 1b"
                     : "+r"(Page)
                     : "r"(End), "i"(STEPS), "i"(STEPS * 16)
                     : "memory", "cc");
    KiReturnRegister(&Borrowed);
}

/* Few bytes are not worth the borrowing. */
void KeZeroMemory(PVOID Memory, SIZE_T Size)
{
    SIZE_T Words = (Size + 3) / 4;
    KI_BORROWED Borrowed;

    if (Size >= LARGE && (HalCpuFeatures & HAL_CPU_SSE)) {
        SIZE_T Chunks = Size / CHUNK;

        Words = (Size % CHUNK + 3) / 4;
        KiBorrowRegister(&Borrowed);
        __asm__ volatile("xorps %%xmm0, %%xmm0\n"
                         "1:\n\t"
                         "movups %%xmm0, (%0)\n\t"
                         "movups %%xmm0, 16(%0)\n\t"
                         "movups %%xmm0, 32(%0)\n\t"
                         "movups %%xmm0, 48(%0)\n\t"
                         "addl %2, %0\n\t"
                         "decl %1\n\t"
                         "jnz 1b"
                         : "+r"(Memory), "+r"(Chunks)
                         : "i"(CHUNK)
                         : "memory", "cc");
        KiReturnRegister(&Borrowed);
    }
    __asm__ volatile("rep stosl" : "+D"(Memory), "+c"(Words) : "a"(0) : "memory");
}

void KeCopyPage(PVOID Target, PCVOID Source)
{
    PUCHAR End = (PUCHAR)Target + PAGE;
    KI_BORROWED Borrowed;

    if (!(HalCpuFeatures & HAL_CPU_SSE)) {
        RtlCopyMemory(Target, Source, PAGE);
        return;
    }
    KiBorrowRegister(&Borrowed);
    __asm__ volatile("1:\n\t"
                     ".set offset, 0\n\t"
                     ".rept %c3\n\t"
                     "movaps offset(%1), %%xmm0\n\t"
                     "movaps %%xmm0, offset(%0)\n\t"
                     ".set offset, offset + 16\n\t"
                     ".endr\n\t"
                     "addl %4, %0\n\t"
                     "addl %4, %1\n\t"
                     "cmpl %2, %0\n\t"
                     "jne 1b"
                     : "+r"(Target), "+r"(Source)
                     : "r"(End), "i"(STEPS), "i"(STEPS * 16)
                     : "memory", "cc");
    KiReturnRegister(&Borrowed);
}
