/* SPDX-License-Identifier: MIT */
/*
 * rtl/memory.c.  The build renames its functions (and so the calls here) to
 * Nt_memcpy and so on: the C library keeps its own.
 */
#include "ktap.h"
#include "rtl.h"

#define SIZE 48

static void Fill(UCHAR *Buffer)
{
    for (int i = 0; i < SIZE; i++) {
        Buffer[i] = (UCHAR)(i * 7 + 1);
    }
}

/* Every combination of source, destination and length, overlapping or not. */
static void TestMove(void)
{
    UCHAR Got[SIZE];
    UCHAR Wanted[SIZE];
    UCHAR Copy[SIZE];

    for (int From = 0; From < SIZE; From += 3) {
        for (int To = 0; To < SIZE; To++) {
            int Length = SIZE - (From > To ? From : To);

            Fill(Got);
            Fill(Wanted);
            Fill(Copy);
            for (int i = 0; i < Length; i++) {
                Wanted[To + i] = Copy[From + i];
            }
            CHECK(memmove(Got + To, Got + From, (size_t)Length) == Got + To);
            CHECK(memcmp(Got, Wanted, SIZE) == 0);
            CHECK(memcpy(Copy + To, Wanted + To, (size_t)Length) == Copy + To);
            CHECK(memcmp(Copy + To, Wanted + To, (size_t)Length) == 0);
        }
    }
}

static void TestSet(void)
{
    for (int Start = 0; Start < 5; Start++) {
        for (int Length = 0; Length < SIZE - Start; Length++) {
            UCHAR Buffer[SIZE];
            UCHAR Wanted[SIZE];

            Fill(Buffer);
            Fill(Wanted);
            for (int i = 0; i < Length; i++) {
                Wanted[Start + i] = 0xA5;
            }
            CHECK(memset(Buffer + Start, 0x7A5, (size_t)Length) == Buffer + Start);
            CHECK(memcmp(Buffer, Wanted, SIZE) == 0);
        }
    }
}

static void TestCompare(void)
{
    CHECK(memcmp("a\xFF", "a\x01", 2) > 0);
    CHECK(memcmp("ab", "ac", 1) == 0);
    CHECK(strcmp("", "") == 0);
    CHECK(strcmp("a", "") > 0 && strcmp("", "a") < 0);
    CHECK(strcmp("\xFF", "a") > 0);
    CHECK(strncmp("abc", "abd", 2) == 0);
    CHECK(strncmp("abc", "abd", 3) < 0);
    CHECK(strncmp("ab", "ab\0x", 9) == 0);
}

static void TestLength(void)
{
    CHECK_EQUAL(strlen(""), 0);
    CHECK_EQUAL(strlen("four"), 4);
    CHECK_EQUAL(strnlen("four", 3), 3);
    CHECK_EQUAL(strnlen("four", 9), 4);
    CHECK_EQUAL(wcslen(L""), 0);
    CHECK_EQUAL(wcslen(L"four"), 4);
}

const KTAP_TEST KtapTests[] = {
    { "memory: move and copy, every overlap", TestMove },
    { "memory: set", TestSet },
    { "memory: compare", TestCompare },
    { "memory: lengths", TestLength },
    { NULL, NULL },
};
