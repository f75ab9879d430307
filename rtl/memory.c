/* SPDX-License-Identifier: MIT */
/*
 * The C library's memory and string routines.  Kernel and DLLs are freestanding,
 * but the compiler still calls memcpy, memmove, memset and memcmp on its own.
 *
 * Most use the string instructions: short, and one translated block under an
 * emulator.  The direction flag is clear on entry, as the ABI says.
 */
#include "rtl.h"

/* Otherwise gcc recognises these loops and makes each routine call itself. */
#ifndef __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

void *memcpy(void *restrict Destination, const void *restrict Source, size_t Length)
{
    void *To = Destination;
    size_t Words = Length / 4;
    size_t Bytes = Length % 4;

    __asm__ volatile("rep movsl" : "+D"(To), "+S"(Source), "+c"(Words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(To), "+S"(Source), "+c"(Bytes) : : "memory");
    return Destination;
}

/* From the last byte down, for a destination that overlaps the source's end. */
static void RtlpCopyBackward(void *Destination, const void *Source, size_t Length)
{
    UCHAR *To = (UCHAR *)Destination + Length - 1;
    const UCHAR *From = (const UCHAR *)Source + Length - 1;

    __asm__ volatile("std; rep movsb; cld" : "+D"(To), "+S"(From), "+c"(Length) : : "memory");
}

void *memmove(void *Destination, const void *Source, size_t Length)
{
    if ((ULONG_PTR)Destination - (ULONG_PTR)Source >= Length) {
        return memcpy(Destination, Source, Length);
    }
    RtlpCopyBackward(Destination, Source, Length);
    return Destination;
}

void *memset(void *Destination, int Fill, size_t Length)
{
    void *To = Destination;
    size_t Words = Length / 4;
    size_t Bytes = Length % 4;
    ULONG Pattern = (UCHAR)Fill * 0x01010101u;

    __asm__ volatile("rep stosl" : "+D"(To), "+c"(Words) : "a"(Pattern) : "memory");
    __asm__ volatile("rep stosb" : "+D"(To), "+c"(Bytes) : "a"(Pattern) : "memory");
    return Destination;
}

int memcmp(const void *First, const void *Second, size_t Length)
{
    const UCHAR *One = First;
    const UCHAR *Two = Second;
    BOOLEAN Equal = TRUE;

    if (Length != 0) { /* otherwise the flags would be anybody's */
        __asm__ volatile("repe cmpsb"
                         : "+S"(One), "+D"(Two), "+c"(Length), "=@ccz"(Equal)
                         :
                         : "memory");
    }
    return Equal ? 0 : One[-1] - Two[-1];
}

size_t strlen(const char *String)
{
    return strnlen(String, SIZE_MAX);
}

size_t strnlen(const char *String, size_t Limit)
{
    const char *At = String;
    BOOLEAN Found = FALSE;

    if (Limit != 0) {
        __asm__ volatile("repne scasb"
                         : "+D"(At), "+c"(Limit), "=@ccz"(Found)
                         : "a"(0)
                         : "memory");
    }
    return (size_t)(At - String) - Found;
}

int strcmp(const char *First, const char *Second)
{
    return strncmp(First, Second, SIZE_MAX);
}

int strncmp(const char *First, const char *Second, size_t Limit)
{
    for (size_t i = 0; i < Limit; i++) {
        if (First[i] != Second[i] || First[i] == 0) {
            return (UCHAR)First[i] - (UCHAR)Second[i];
        }
    }
    return 0;
}

size_t wcslen(const WCHAR *String)
{
    const WCHAR *At = String;
    size_t Limit = SIZE_MAX;

    __asm__ volatile("repne scasw" : "+D"(At), "+c"(Limit) : "a"(0) : "memory", "cc");
    return (size_t)(At - String) - 1;
}
