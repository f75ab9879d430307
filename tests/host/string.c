/* SPDX-License-Identifier: MIT */
/*
 * rtl/unicode.c and rtl/convert.c.
 */
#include "ktap.h"
#include "rtl.h"
#include <stdlib.h>

#define ADDRESS(Text) (&(UNICODE_STRING)RTL_CONSTANT_STRING(Text))

static void TestInitialise(void)
{
    UNICODE_STRING String;
    ANSI_STRING Ansi;
    PWSTR Long = malloc(80000 * sizeof(WCHAR));

    RtlInitUnicodeString(&String, NULL);
    CHECK(String.Length == 0 && String.MaximumLength == 0 && String.Buffer == NULL);
    RtlInitUnicodeString(&String, L"abc");
    CHECK(String.Length == 6 && String.MaximumLength == 8);
    RtlInitAnsiString(&Ansi, "abc");
    CHECK(Ansi.Length == 3 && Ansi.MaximumLength == 4);
    RtlInitAnsiString(&Ansi, NULL);
    CHECK(Ansi.Length == 0 && Ansi.MaximumLength == 0 && Ansi.Buffer == NULL);
    for (int i = 0; i < 80000; i++) {
        Long[i] = i < 79999 ? 'x' : 0;
    }
    RtlInitUnicodeString(&String, Long);
    CHECK(String.Length == 0xFFFC && String.MaximumLength == 0xFFFE);
    free(Long);
}

static void TestCase(void)
{
    for (ULONG i = 0; i <= 0xFFFF; i++) {
        WCHAR Upper = RtlUpcaseUnicodeChar((WCHAR)i);
        WCHAR Lower = RtlDowncaseUnicodeChar((WCHAR)i);

        CHECK_EQUAL(RtlUpcaseUnicodeChar(Upper), Upper);
        CHECK_EQUAL(RtlDowncaseUnicodeChar(Lower), Lower);
        CHECK(Upper == i || RtlDowncaseUnicodeChar(Upper) == i);
        CHECK(Lower == i || RtlUpcaseUnicodeChar(Lower) == i);
    }
    CHECK_EQUAL(RtlUpcaseUnicodeChar('z'), 'Z');
    CHECK_EQUAL(RtlUpcaseUnicodeChar('{'), '{');
    CHECK_EQUAL(RtlUpcaseUnicodeChar(0xE9), 0xC9);
    CHECK_EQUAL(RtlUpcaseUnicodeChar(0xF7), 0xF7);
    CHECK_EQUAL(RtlUpcaseUnicodeChar(0xDF), 0xDF);
    CHECK_EQUAL(RtlUpcaseUnicodeChar(0xFF), 0x178);
    CHECK_EQUAL(RtlDowncaseUnicodeChar(0xD7), 0xD7);
}

static void TestCompare(void)
{
    CHECK(RtlCompareUnicodeString(ADDRESS(L"abc"), ADDRESS(L"abd"), FALSE) < 0);
    CHECK(RtlCompareUnicodeString(ADDRESS(L"abc"), ADDRESS(L"ab"), FALSE) > 0);
    CHECK(RtlCompareUnicodeString(ADDRESS(L"ABC"), ADDRESS(L"abc"), FALSE) < 0);
    CHECK(RtlCompareUnicodeString(ADDRESS(L"ABC"), ADDRESS(L"abc"), TRUE) == 0);
    CHECK(RtlCompareUnicodeString(ADDRESS(L"a_"), ADDRESS(L"aA"), TRUE) > 0);
    CHECK(RtlEqualUnicodeString(ADDRESS(L"NtDll.dll"), ADDRESS(L"ntdll.DLL"), TRUE));
    CHECK(!RtlEqualUnicodeString(ADDRESS(L"ntdll.dll"), ADDRESS(L"ntdll.DLL"), FALSE));
    CHECK(!RtlEqualUnicodeString(ADDRESS(L"ntdll"), ADDRESS(L"ntdll.dll"), TRUE));
    CHECK(RtlPrefixUnicodeString(ADDRESS(L"\\??\\"), ADDRESS(L"\\??\\C:"), FALSE));
    CHECK(RtlPrefixUnicodeString(ADDRESS(L"c:"), ADDRESS(L"C:\\x"), TRUE));
    CHECK(!RtlPrefixUnicodeString(ADDRESS(L"c:"), ADDRESS(L"C:\\x"), FALSE));
    CHECK(!RtlPrefixUnicodeString(ADDRESS(L"abc"), ADDRESS(L"ab"), FALSE));
    CHECK(RtlPrefixUnicodeString(ADDRESS(L""), ADDRESS(L"ab"), FALSE));
}

static void TestCopy(void)
{
    WCHAR *Buffer = malloc(4 * sizeof(WCHAR));
    UNICODE_STRING Target = { .MaximumLength = 8, .Buffer = Buffer };

    RtlCopyUnicodeString(&Target, ADDRESS(L"abc"));
    CHECK(Target.Length == 6 && Buffer[3] == 0);
    RtlCopyUnicodeString(&Target, ADDRESS(L"abcdef"));
    CHECK(Target.Length == 8 && Buffer[3] == 'd');
    Target.MaximumLength = 7;
    RtlCopyUnicodeString(&Target, ADDRESS(L"vwxyz"));
    CHECK(Target.Length == 6 && Buffer[2] == 'x' && Buffer[3] == 'd');
    RtlCopyUnicodeString(&Target, NULL);
    CHECK(Target.Length == 0 && Buffer[0] == 0);
    free(Buffer);
}

static void TestAppend(void)
{
    WCHAR *Buffer = malloc(6 * sizeof(WCHAR));
    UNICODE_STRING Target = { .MaximumLength = 12, .Buffer = Buffer };

    CHECK_EQUAL(RtlAppendUnicodeToString(&Target, L"ab"), STATUS_SUCCESS);
    CHECK_EQUAL(RtlAppendUnicodeToString(&Target, NULL), STATUS_SUCCESS);
    CHECK_EQUAL(RtlAppendUnicodeStringToString(&Target, ADDRESS(L"cd")), STATUS_SUCCESS);
    CHECK(RtlEqualUnicodeString(&Target, ADDRESS(L"abcd"), FALSE) && Buffer[4] == 0);
    CHECK_EQUAL(RtlAppendUnicodeToString(&Target, L"efg"), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(
        RtlAppendUnicodeToString(&Target, L"long enough for both checks"), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(Target.Length, 8);
    CHECK_EQUAL(RtlAppendUnicodeToString(&Target, L"ef"), STATUS_SUCCESS);
    CHECK_EQUAL(Target.Length, 12);
    free(Buffer);
}

static void TestHash(void)
{
    ULONG One = 0;
    ULONG Two = 1;

    CHECK_EQUAL(RtlHashUnicodeString(ADDRESS(L"KERNEL32.dll"), TRUE, 0, &One), STATUS_SUCCESS);
    CHECK_EQUAL(RtlHashUnicodeString(ADDRESS(L"kernel32.DLL"), TRUE, 1, &Two), STATUS_SUCCESS);
    CHECK_EQUAL(One, Two);
    CHECK_EQUAL(RtlHashUnicodeString(ADDRESS(L"AB"), FALSE, 1, &One), STATUS_SUCCESS);
    CHECK_EQUAL(One, 'A' * 65599u + 'B');
    CHECK_EQUAL(RtlHashUnicodeString(ADDRESS(L"A"), FALSE, 2, &One), STATUS_INVALID_PARAMETER);
}

static void TestMultiByte(void)
{
    static const WCHAR Wide[] = { 'a', 0xE9, 0x20AC, 'z' };
    CHAR Narrow[4];
    WCHAR Back[4];
    ULONG Length;

    CHECK_EQUAL(RtlUnicodeToMultiByteN(Narrow, 4, &Length, Wide, sizeof(Wide)), STATUS_SUCCESS);
    CHECK(Length == 4 && memcmp(Narrow, "a\xE9?z", 4) == 0);
    CHECK_EQUAL(RtlUnicodeToMultiByteN(Narrow, 2, &Length, Wide, sizeof(Wide)), STATUS_SUCCESS);
    CHECK_EQUAL(Length, 2);
    CHECK_EQUAL(RtlMultiByteToUnicodeN(Back, 7, &Length, Narrow, 4), STATUS_SUCCESS);
    CHECK(Length == 6 && Back[1] == 0xE9 && Back[2] == '?');
    CHECK_EQUAL(RtlMultiByteToUnicodeN(Back, 8, NULL, Narrow, 1), STATUS_SUCCESS);
}

static void TestInteger(void)
{
    static const struct {
        const char *Text;
        ULONG Base;
        ULONG Value;
    } Cases[] = {
        { "123", 0, 123 }, { "123", 10, 123 }, { "  +0x1fG", 0, 0x1F }, { "-1", 0, 0xFFFFFFFF },
        { "0b101", 0, 5 }, { "0o17", 0, 15 }, { "0x10", 16, 0 }, { "FfFf", 16, 0xFFFF },
        { "", 0, 0 }, { "0", 0, 0 }, { "z", 10, 0 }, { "129", 8, 10 }, { "12", 2, 1 },
        { "4294967297", 10, 1 }, { "0x", 0, 0 },
    };
    ULONG Value;

    for (ULONG i = 0; i < ARRAYSIZE(Cases); i++) {
        WCHAR Wide[16];
        ULONG Length;
        UNICODE_STRING String = { .Buffer = Wide };

        CHECK_EQUAL(RtlCharToInteger(Cases[i].Text, Cases[i].Base, &Value), STATUS_SUCCESS);
        CHECK_EQUAL(Value, Cases[i].Value);
        RtlMultiByteToUnicodeN(
            Wide, sizeof(Wide), &Length, Cases[i].Text, (ULONG)strlen(Cases[i].Text));
        String.Length = (USHORT)Length;
        CHECK_EQUAL(RtlUnicodeStringToInteger(&String, Cases[i].Base, &Value), STATUS_SUCCESS);
        CHECK_EQUAL(Value, Cases[i].Value);
    }
    CHECK_EQUAL(RtlCharToInteger("1", 7, &Value), STATUS_INVALID_PARAMETER);
}

static void TestStatusName(void)
{
    CHECK(strcmp(RtlNtStatusName(STATUS_SUCCESS), "STATUS_SUCCESS") == 0);
    CHECK(strcmp(RtlNtStatusName(STATUS_ACCESS_DENIED), "STATUS_ACCESS_DENIED") == 0);
    CHECK(strcmp(RtlNtStatusName(DBG_CONTINUE), "DBG_CONTINUE") == 0);
    CHECK(strcmp(RtlNtStatusName((NTSTATUS)0xDEADBEEF), "unknown status") == 0);
}

const KTAP_TEST KtapTests[] = {
    { "string: initialise", TestInitialise },
    { "string: case of all characters", TestCase },
    { "string: compare, equal, prefix", TestCompare },
    { "string: copy", TestCopy },
    { "string: append", TestAppend },
    { "string: hash", TestHash },
    { "string: ANSI and back", TestMultiByte },
    { "string: to integer", TestInteger },
    { "string: status names", TestStatusName },
    { NULL, NULL },
};
