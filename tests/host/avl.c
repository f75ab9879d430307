/* SPDX-License-Identifier: MIT */
/*
 * rtl/avl.c against a table of which keys are present.
 */
#include "ktap.h"
#include "rtl.h"
#include <stdlib.h>

#define OPERATIONS 100000
#define KEYS       512

typedef struct _ITEM {
    LONG Key;
    bool Present;
    RTL_AVL_NODE Node;
} ITEM;

static LONG KeyOf(const RTL_AVL_NODE *Node)
{
    return CONTAINING_RECORD(Node, ITEM, Node)->Key;
}

static LONG CompareNodes(const RTL_AVL_NODE *First, const RTL_AVL_NODE *Second)
{
    return KeyOf(First) - KeyOf(Second);
}

static LONG CompareKey(const void *Key, const RTL_AVL_NODE *Node)
{
    return *(const LONG *)Key - KeyOf(Node);
}

/* Height of a subtree whose links, balances and order are right. */
static LONG CheckSubtree(const RTL_AVL_NODE *Node, const RTL_AVL_NODE *Parent)
{
    LONG Height[2];

    if (Node == NULL) {
        return 0;
    }
    CHECK(Node->Parent == Parent);
    for (int Side = 0; Side < 2; Side++) {
        Height[Side] = CheckSubtree(Node->Child[Side], Node);
    }
    CHECK(Node->Child[0] == NULL || CompareNodes(Node->Child[0], Node) < 0);
    CHECK(Node->Child[1] == NULL || CompareNodes(Node->Child[1], Node) > 0);
    CHECK_EQUAL(Node->Balance, Height[1] - Height[0]);
    CHECK(Node->Balance >= -1 && Node->Balance <= 1);
    return 1 + (Height[0] > Height[1] ? Height[0] : Height[1]);
}

/* Walk both ways: exactly the keys that are present, in order. */
static void CheckWalk(const RTL_AVL_TREE *Tree, const ITEM *Items)
{
    PRTL_AVL_NODE Node = RtlAvlFirst(Tree);
    ULONG Count = 0;

    for (LONG Key = 0; Key < KEYS; Key++) {
        if (Items[Key].Present) {
            CHECK(Node == &Items[Key].Node);
            Node = Node != NULL ? RtlAvlNext(Node) : NULL;
            Count++;
        }
    }
    CHECK(Node == NULL);
    CHECK_EQUAL(Tree->Count, Count);
    Node = RtlAvlLast(Tree);
    for (LONG Key = KEYS - 1; Key >= 0; Key--) {
        if (Items[Key].Present) {
            CHECK(Node == &Items[Key].Node);
            Node = Node != NULL ? RtlAvlPrevious(Node) : NULL;
        }
    }
    CHECK(Node == NULL);
}

static void CheckSearch(const RTL_AVL_TREE *Tree, const ITEM *Items, LONG Key)
{
    LONG Bound = Key;

    while (Bound < KEYS && !Items[Bound].Present) {
        Bound++;
    }
    CHECK(RtlAvlLowerBound(Tree, &Key, CompareKey) == (Bound < KEYS ? &Items[Bound].Node : NULL));
    CHECK(RtlAvlLookup(Tree, &Key, CompareKey) == (Bound == Key ? &Items[Key].Node : NULL));
}

/* By comparing, or behind the greatest of those that are less. */
static void Insert(PRTL_AVL_TREE Tree, ITEM *Item, bool ByPlace)
{
    PRTL_AVL_NODE After = RtlAvlLowerBound(Tree, &Item->Key, CompareKey);
    PRTL_AVL_NODE Before = After == NULL ? RtlAvlLast(Tree) : RtlAvlPrevious(After);

    if (ByPlace && Before != NULL) {
        RtlAvlInsertBehind(Tree, Before, &Item->Node);
    } else {
        CHECK(RtlAvlInsert(Tree, &Item->Node));
    }
    Item->Present = true;
}

static void TestModel(void)
{
    ITEM *Items = calloc(KEYS, sizeof(*Items));
    RTL_AVL_TREE Tree;
    ULONG Seed = 2;

    RtlAvlInitialize(&Tree, CompareNodes);
    for (LONG Key = 0; Key < KEYS; Key++) {
        Items[Key].Key = Key;
    }
    for (ULONG Step = 0; Step < OPERATIONS; Step++) {
        LONG Key = (LONG)(KtapRandom(&Seed) % KEYS);
        /* Fill for a while, then drain, so that all sizes occur. */
        bool Fill = KtapRandom(&Seed) % 4 < ((Step / 5000) % 2 != 0 ? 1u : 3u);

        if (Fill && !Items[Key].Present) {
            Insert(&Tree, &Items[Key], KtapRandom(&Seed) % 2 != 0);
        } else if (!Fill && Items[Key].Present) {
            RtlAvlRemove(&Tree, &Items[Key].Node);
            Items[Key].Present = false;
        }
        CheckSearch(&Tree, Items, (LONG)(KtapRandom(&Seed) % KEYS));
        if (Step % 16 == 0) {
            CheckSubtree(Tree.Root, NULL);
            CheckWalk(&Tree, Items);
        }
    }
    free(Items);
}

static void TestSorted(void)
{
    ITEM *Items = calloc(KEYS, sizeof(*Items));
    RTL_AVL_TREE Tree;

    RtlAvlInitialize(&Tree, CompareNodes);
    for (LONG Key = 0; Key < KEYS; Key++) {
        Items[Key] = (ITEM){ .Key = Key, .Present = true };
        CHECK(RtlAvlInsert(&Tree, &Items[Key].Node));
    }
    CHECK(CheckSubtree(Tree.Root, NULL) <= 10);
    CheckWalk(&Tree, Items);
    for (LONG Key = 0; Key < KEYS; Key++) {
        RtlAvlRemove(&Tree, &Items[Key].Node);
        CheckSubtree(Tree.Root, NULL);
    }
    CHECK(Tree.Root == NULL && Tree.Count == 0);
    free(Items);
}

static void TestEqual(void)
{
    ITEM First = { .Key = 7 };
    ITEM Second = { .Key = 7, .Node = { .Balance = 42 } };
    RTL_AVL_TREE Tree;

    RtlAvlInitialize(&Tree, CompareNodes);
    CHECK(RtlAvlFirst(&Tree) == NULL && RtlAvlLast(&Tree) == NULL);
    CHECK(RtlAvlInsert(&Tree, &First.Node));
    CHECK(!RtlAvlInsert(&Tree, &Second.Node));
    CHECK_EQUAL(Second.Node.Balance, 42);
    CHECK_EQUAL(Tree.Count, 1);
}

const KTAP_TEST KtapTests[] = {
    { "avl: 100000 random operations against a model", TestModel },
    { "avl: sorted insertion stays balanced", TestSorted },
    { "avl: an equal node is refused", TestEqual },
    { NULL, NULL },
};
