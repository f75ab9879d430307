/* SPDX-License-Identifier: MIT */
/*
 * rtl/format.c.  Where the C library has the conversion, both must agree.
 */
#include "ktap.h"
#include "rtl.h"
#include <stdio.h>
#include <stdlib.h>

/* Through a pointer: %wZ and odd formats are no business of the compiler's. */
static ULONG (*volatile Unchecked)(PCHAR, SIZE_T, PCSTR, ...) = RtlStringFormat;

static void Expect(const char *Wanted, ULONG Length, const char *Got)
{
    KtapCheck(strcmp(Wanted, Got) == 0 && Length == strlen(Wanted), __FILE__, __LINE__,
        "\"%s\" (%u), not \"%s\"", Got, Length, Wanted);
}

#define BOTH(...)                                                                      \
    do {                                                                               \
        char Wanted_[256];                                                             \
        char Got_[256];                                                                \
        snprintf(Wanted_, sizeof(Wanted_), __VA_ARGS__);                               \
        Expect(Wanted_, RtlStringFormat(Got_, sizeof(Got_), __VA_ARGS__), Got_);       \
    } while (0)

#define OURS(Wanted, ...)                                                              \
    do {                                                                               \
        char Got_[256];                                                                \
        Expect(Wanted, Unchecked(Got_, sizeof(Got_), __VA_ARGS__), Got_);              \
    } while (0)

static void TestIntegers(void)
{
    BOTH("%d %i %u %x %X %o", -5, 7, 4000000000u, 0xBEEFu, 0xBEEFu, 8u);
    BOTH("%08x|%8x|%-8x|%#x|%#o|%#x", 0x1Fu, 0x1Fu, 0x1Fu, 0x1Fu, 8u, 0u);
    BOTH("%5d|%-5d|%05d|%+d|% d|%+d", 42, 42, -42, 42, 42, -42);
    BOTH("%.5d|%8.5d|%-8.5d|%.0d|%.0x|%.3x", 42, -42, 42, 0, 0u, 1u);
    BOTH("%lld %llu %llx", INT64_MIN, UINT64_MAX, 0x123456789ABCDEFull);
    BOTH("%hd %hhd %hu %hhu %hx", (short)-1, (signed char)-1, (unsigned short)-1,
        (unsigned char)-1, (unsigned short)0xABCD);
    /* The zero flag loses against a precision and against the minus. */
    OURS("     042|     02a|42      |", "%08.3d|%08.3x|%-08d|", 42, 42u, 42);
    BOTH("%ld %lu %zu %zx", -1L, 5UL, sizeof(int), sizeof(int));
    BOTH("%d %d", INT32_MIN, INT32_MAX);
    BOTH("%*d|%-*d|%.*d|%*d", 6, 1, 6, 2, 3, 3, -6, 4);
    BOTH("%#010x|%#X|%016llx", 0x1Fu, 0xABu, 0xFEDCBAull);
}

static void TestText(void)
{
    BOTH("%s|%10s|%-10s|%.2s|%10.2s|%.0s", "abc", "abc", "abc", "abc", "abc", "abc");
    BOTH("%c%c|%3c|%-3c|%%", 'x', 'y', 'z', 'w');
    BOTH("%.3s", (const char[]){ 'a', 'b', 'c' });
    BOTH("%s%s", "", "");
    OURS("(null)", "%s", (const char *)NULL);
    OURS("(nu", "%.3s", (const char *)NULL);
    OURS("(null)", "%S", (PCWSTR)NULL);
}

static void TestWide(void)
{
    static const WCHAR Euro[] = { 'a', 0x20AC, 0xE9, 0 };
    static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"ntdll.dll");
    static const UNICODE_STRING Empty = { 0 };

    OURS("abc|  abc|abc  |ab", "%S|%5S|%-5ls|%.2S", L"abc", L"abc", L"abc", L"abc");
    OURS("a?\xE9", "%S", Euro);
    OURS("abc|abc", "%ws|%ls", L"abc", L"abc");
    OURS("ntdll.dll|ntdll.dll|  ntdll.dll|nt", "%pZ|%wZ|%11wZ|%.2wZ", &Name, &Name, &Name, &Name);
    OURS("|(null)", "%wZ|%wZ", &Empty, (PUNICODE_STRING)NULL);
    OURS("x", "%lc", 'x');
}

static void TestPointer(void)
{
    OURS("80100000|00000000|Z", "%p|%p|%c", (void *)0x80100000, NULL, 'Z');
    OURS("  80100000|80100000  ", "%10p|%-10p", (void *)0x80100000, (void *)0x80100000);
}

static void TestBounds(void)
{
    char *Buffer = malloc(4);

    CHECK_EQUAL(RtlStringFormat(Buffer, 4, "%s", "abcdef"), 6);
    CHECK(strcmp(Buffer, "abc") == 0);
    CHECK_EQUAL(RtlStringFormat(Buffer, 1, "%d", 12), 2);
    CHECK(Buffer[0] == 0);
    CHECK_EQUAL(RtlStringFormat(NULL, 0, "%d", 123), 3);
    free(Buffer);
}

static void TestOddFormats(void)
{
    OURS("", "%");
    OURS("abc", "abc%");
    OURS("", "%5");
    OURS("", "%-08.3ll");
    OURS("q1", "%q%d", 1);
    CHECK_EQUAL(Unchecked(NULL, 0, "%999999999999d", 1), 4096);
    CHECK_EQUAL(Unchecked(NULL, 0, "%*d", INT32_MIN, 1), 4096);
    CHECK_EQUAL(Unchecked(NULL, 0, "%.*d", INT32_MAX, 1), 4096);
}

const KTAP_TEST KtapTests[] = {
    { "format: integers as in the C library", TestIntegers },
    { "format: text as in the C library", TestText },
    { "format: UTF-16 and counted strings", TestWide },
    { "format: pointers", TestPointer },
    { "format: buffers are never overrun", TestBounds },
    { "format: formats that end early or make no sense", TestOddFormats },
    { NULL, NULL },
};
