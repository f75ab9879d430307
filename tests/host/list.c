/* SPDX-License-Identifier: MIT */
/*
 * Doubly linked lists of inc/rtl.h.
 */
#include "ktap.h"
#include "rtl.h"

typedef struct _ITEM {
    int Value;
    LIST_ENTRY Links;
} ITEM;

static int ListValue(PLIST_ENTRY Entry)
{
    return CONTAINING_RECORD(Entry, ITEM, Links)->Value;
}

static void TestEmpty(void)
{
    LIST_ENTRY Head;

    InitializeListHead(&Head);
    CHECK(IsListEmpty(&Head));
    CHECK(RemoveHeadList(&Head) == &Head);
    CHECK(RemoveTailList(&Head) == &Head);
    CHECK(IsListEmpty(&Head));
}

static void TestOrder(void)
{
    LIST_ENTRY Head;
    ITEM Items[4] = { { .Value = 0 }, { .Value = 1 }, { .Value = 2 }, { .Value = 3 } };

    InitializeListHead(&Head);
    InsertTailList(&Head, &Items[2].Links);
    InsertTailList(&Head, &Items[3].Links);
    InsertHeadList(&Head, &Items[1].Links);
    InsertHeadList(&Head, &Items[0].Links);
    for (int i = 0; i < 2; i++) {
        CHECK_EQUAL(ListValue(RemoveHeadList(&Head)), i);
        CHECK_EQUAL(ListValue(RemoveTailList(&Head)), 3 - i);
    }
    CHECK(IsListEmpty(&Head));
}

static void TestRemove(void)
{
    LIST_ENTRY Head;
    ITEM Items[3] = { { .Value = 0 }, { .Value = 1 }, { .Value = 2 } };

    InitializeListHead(&Head);
    for (int i = 0; i < 3; i++) {
        InsertTailList(&Head, &Items[i].Links);
    }
    CHECK(!RemoveEntryList(&Items[1].Links));
    CHECK(Items[0].Links.Flink == &Items[2].Links && Items[2].Links.Blink == &Items[0].Links);
    CHECK(!RemoveEntryList(&Items[0].Links));
    CHECK(RemoveEntryList(&Items[2].Links));
}

const KTAP_TEST KtapTests[] = {
    { "list: an empty list gives its head", TestEmpty },
    { "list: head and tail keep order", TestOrder },
    { "list: removal from the middle and of the last", TestRemove },
    { NULL, NULL },
};
