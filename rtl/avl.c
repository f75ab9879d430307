/* SPDX-License-Identifier: MIT */
/*
 * Balanced binary trees after Adelson-Velsky and Landis: the heights of a node's
 * two subtrees differ by at most one.  Nodes live inside the caller's structures,
 * so nothing is allocated and nothing here can fail for want of memory.
 *
 * The two directions are the numbers 0 (smaller) and 1 (larger), so that each
 * operation and its mirror image are one piece of code.
 */
#include "rtl.h"

void RtlAvlInitialize(PRTL_AVL_TREE Tree, PRTL_AVL_COMPARE Compare)
{
    Tree->Root = NULL;
    Tree->Compare = Compare;
    Tree->Count = 0;
}

/* Which child of its parent a node is; the root counts as 0. */
static ULONG RtlpAvlSide(const RTL_AVL_NODE *Node)
{
    return Node->Parent != NULL && Node->Parent->Child[1] == Node;
}

/* Let New (or nothing) take Old's place below Old's parent. */
static void RtlpAvlReplace(PRTL_AVL_TREE Tree, PRTL_AVL_NODE Old, PRTL_AVL_NODE New)
{
    if (Old->Parent == NULL) {
        Tree->Root = New;
    } else {
        Old->Parent->Child[RtlpAvlSide(Old)] = New;
    }
    if (New != NULL) {
        New->Parent = Old->Parent;
    }
}

/*
 * Rotate Node down to the given side; its other child rises and is returned.
 * Both balances follow from the old ones, whatever those were.
 */
static PRTL_AVL_NODE RtlpAvlRotate(PRTL_AVL_TREE Tree, PRTL_AVL_NODE Node, ULONG Side)
{
    PRTL_AVL_NODE Riser = Node->Child[!Side];
    PRTL_AVL_NODE Inner = Riser->Child[Side];

    RtlpAvlReplace(Tree, Node, Riser);
    Riser->Child[Side] = Node;
    Node->Parent = Riser;
    Node->Child[!Side] = Inner;
    if (Inner != NULL) {
        Inner->Parent = Node;
    }
    if (Side == 0) {
        Node->Balance -= 1 + (Riser->Balance > 0 ? Riser->Balance : 0);
        Riser->Balance -= 1 - (Node->Balance < 0 ? Node->Balance : 0);
    } else {
        Node->Balance += 1 - (Riser->Balance < 0 ? Riser->Balance : 0);
        Riser->Balance += 1 + (Node->Balance > 0 ? Node->Balance : 0);
    }
    return Riser;
}

/* Repair a node whose balance is 2 or -2; returns the subtree's new root. */
static PRTL_AVL_NODE RtlpAvlRebalance(PRTL_AVL_TREE Tree, PRTL_AVL_NODE Node)
{
    ULONG Heavy = Node->Balance > 0;
    LONG ChildBalance = Node->Child[Heavy]->Balance;

    if (Heavy ? ChildBalance < 0 : ChildBalance > 0) {
        RtlpAvlRotate(Tree, Node->Child[Heavy], Heavy);
    }
    return RtlpAvlRotate(Tree, Node, !Heavy);
}

/* The subtree at Node has become one higher. */
static void RtlpAvlGrown(PRTL_AVL_TREE Tree, PRTL_AVL_NODE Node)
{
    PRTL_AVL_NODE Parent;

    while ((Parent = Node->Parent) != NULL) {
        Parent->Balance += RtlpAvlSide(Node) != 0 ? 1 : -1;
        if (Parent->Balance == 0) {
            return; /* it filled the lower side */
        }
        if (Parent->Balance == 2 || Parent->Balance == -2) {
            RtlpAvlRebalance(Tree, Parent);
            return; /* as high again as before the insertion */
        }
        Node = Parent;
    }
}

/* The subtree on the given side of Node has become one lower. */
static void RtlpAvlShrunk(PRTL_AVL_TREE Tree, PRTL_AVL_NODE Node, ULONG Side)
{
    while (Node != NULL) {
        Node->Balance += Side != 0 ? -1 : 1;
        if (Node->Balance == 1 || Node->Balance == -1) {
            return; /* the other side still gives the height */
        }
        if (Node->Balance != 0) {
            Node = RtlpAvlRebalance(Tree, Node);
            if (Node->Balance != 0) {
                return;
            }
        }
        Side = RtlpAvlSide(Node);
        Node = Node->Parent;
    }
}

/* Link is where Parent, or the tree, points to the new leaf. */
static void RtlpAvlLink(
    PRTL_AVL_TREE Tree, PRTL_AVL_NODE Parent, PRTL_AVL_NODE *Link, PRTL_AVL_NODE Node)
{
    *Node = (RTL_AVL_NODE){ .Parent = Parent };
    *Link = Node;
    Tree->Count++;
    RtlpAvlGrown(Tree, Node);
}

BOOLEAN RtlAvlInsert(PRTL_AVL_TREE Tree, PRTL_AVL_NODE Node)
{
    PRTL_AVL_NODE Parent = NULL;
    PRTL_AVL_NODE *Link = &Tree->Root;

    while (*Link != NULL) {
        LONG Order = Tree->Compare(Node, *Link);

        if (Order == 0) {
            return FALSE;
        }
        Parent = *Link;
        Link = &Parent->Child[Order > 0];
    }
    RtlpAvlLink(Tree, Parent, Link, Node);
    return TRUE;
}

static PRTL_AVL_NODE RtlpAvlOutermost(PRTL_AVL_NODE Node, ULONG Side)
{
    while (Node != NULL && Node->Child[Side] != NULL) {
        Node = Node->Child[Side];
    }
    return Node;
}

void RtlAvlInsertBehind(PRTL_AVL_TREE Tree, PRTL_AVL_NODE Before, PRTL_AVL_NODE Node)
{
    PRTL_AVL_NODE After = RtlpAvlOutermost(Before->Child[1], 0);

    if (After == NULL) {
        RtlpAvlLink(Tree, Before, &Before->Child[1], Node);
    } else {
        RtlpAvlLink(Tree, After, &After->Child[0], Node);
    }
}

/* New, which is in no tree now, takes over Old's links and balance. */
static void RtlpAvlSubstitute(PRTL_AVL_TREE Tree, PRTL_AVL_NODE Old, PRTL_AVL_NODE New)
{
    RtlpAvlReplace(Tree, Old, New);
    *New = *Old;
    for (ULONG Side = 0; Side < 2; Side++) {
        if (New->Child[Side] != NULL) {
            New->Child[Side]->Parent = New;
        }
    }
}

/*
 * RtlAvlRemove - take a node out.  A node with two children cannot be unlinked
 * itself: its successor, which has at most one, is, and then takes its place.
 */
void RtlAvlRemove(PRTL_AVL_TREE Tree, PRTL_AVL_NODE Node)
{
    PRTL_AVL_NODE Leaver = Node;
    PRTL_AVL_NODE Parent;
    ULONG Side;

    if (Node->Child[0] != NULL && Node->Child[1] != NULL) {
        Leaver = RtlpAvlOutermost(Node->Child[1], 0);
    }
    Parent = Leaver->Parent;
    Side = RtlpAvlSide(Leaver);
    RtlpAvlReplace(Tree, Leaver, Leaver->Child[Leaver->Child[0] == NULL]);
    RtlpAvlShrunk(Tree, Parent, Side);
    if (Leaver != Node) {
        RtlpAvlSubstitute(Tree, Node, Leaver);
    }
    Tree->Count--;
    *Node = (RTL_AVL_NODE){ .Parent = NULL };
}

PRTL_AVL_NODE RtlAvlLookup(
    const RTL_AVL_TREE *Tree, const void *Key, PRTL_AVL_COMPARE_KEY Compare)
{
    PRTL_AVL_NODE Node = RtlAvlLowerBound(Tree, Key, Compare);

    return Node != NULL && Compare(Key, Node) == 0 ? Node : NULL;
}

PRTL_AVL_NODE RtlAvlLowerBound(
    const RTL_AVL_TREE *Tree, const void *Key, PRTL_AVL_COMPARE_KEY Compare)
{
    PRTL_AVL_NODE Node = Tree->Root;
    PRTL_AVL_NODE Best = NULL;

    while (Node != NULL) {
        if (Compare(Key, Node) <= 0) {
            Best = Node;
            Node = Node->Child[0];
        } else {
            Node = Node->Child[1];
        }
    }
    return Best;
}

PRTL_AVL_NODE RtlAvlFirst(const RTL_AVL_TREE *Tree)
{
    return RtlpAvlOutermost(Tree->Root, 0);
}

PRTL_AVL_NODE RtlAvlLast(const RTL_AVL_TREE *Tree)
{
    return RtlpAvlOutermost(Tree->Root, 1);
}

/* The neighbour of a node in order, on the given side. */
static PRTL_AVL_NODE RtlpAvlStep(const RTL_AVL_NODE *Node, ULONG Side)
{
    if (Node->Child[Side] != NULL) {
        return RtlpAvlOutermost(Node->Child[Side], !Side);
    }
    while (Node->Parent != NULL && RtlpAvlSide(Node) == Side) {
        Node = Node->Parent;
    }
    return Node->Parent;
}

PRTL_AVL_NODE RtlAvlNext(const RTL_AVL_NODE *Node)
{
    return RtlpAvlStep(Node, 1);
}

PRTL_AVL_NODE RtlAvlPrevious(const RTL_AVL_NODE *Node)
{
    return RtlpAvlStep(Node, 0);
}
