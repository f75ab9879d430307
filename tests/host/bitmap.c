/* SPDX-License-Identifier: MIT */
/*
 * rtl/bitmap.c against an array of bools.
 */
#include "ktap.h"
#include "rtl.h"
#include <stdlib.h>

#define OPERATIONS   100000
#define LARGEST_SIZE 200

typedef struct _MODEL {
    RTL_BITMAP BitMap;
    bool Bits[LARGEST_SIZE];
} MODEL;

/* The buffer has exactly the words needed, for the sanitizer to watch. */
static void ModelInitialize(MODEL *Model, ULONG Size)
{
    *Model = (MODEL){ 0 };
    RtlInitializeBitMap(&Model->BitMap, malloc((Size + 31) / 32 * 4), Size);
    RtlClearAllBits(&Model->BitMap);
}

static ULONG ModelCount(const MODEL *Model)
{
    ULONG Sum = 0;

    for (ULONG i = 0; i < Model->BitMap.SizeOfBitMap; i++) {
        Sum += Model->Bits[i];
    }
    return Sum;
}

static bool ModelAll(const MODEL *Model, ULONG Start, ULONG Count, bool Value)
{
    if (Count == 0 || Start + Count > Model->BitMap.SizeOfBitMap) {
        return false;
    }
    for (ULONG i = Start; i < Start + Count; i++) {
        if (Model->Bits[i] != Value) {
            return false;
        }
    }
    return true;
}

static ULONG ModelFind(const MODEL *Model, ULONG Count, ULONG Hint)
{
    ULONG Size = Model->BitMap.SizeOfBitMap;

    for (ULONG i = 0; i < Size; i++) {
        ULONG Start = (Hint >= Size ? i : (Hint + i) % Size);

        if (ModelAll(Model, Start, Count, false)) {
            return Start;
        }
    }
    return RTL_BITMAP_NOT_FOUND;
}

static void ModelChange(MODEL *Model, ULONG Start, ULONG Count, bool Value)
{
    for (ULONG i = Start; i < Start + Count; i++) {
        Model->Bits[i] = Value;
    }
    if (Value) {
        RtlSetBits(&Model->BitMap, Start, Count);
    } else {
        RtlClearBits(&Model->BitMap, Start, Count);
    }
}

static void ModelStep(MODEL *Model, ULONG *Seed)
{
    ULONG Size = Model->BitMap.SizeOfBitMap;
    ULONG Start = KtapRandom(Seed) % (Size + 1);
    ULONG Count = KtapRandom(Seed) % (Size - Start + 1);
    ULONG Small = KtapRandom(Seed) % 9;
    ULONG Found;

    if (KtapRandom(Seed) % 2 != 0 && Count > 12) {
        Count = 12;
    }
    switch (KtapRandom(Seed) % 5) {
    case 0:
        ModelChange(Model, Start, Count, true);
        break;
    case 1:
        ModelChange(Model, Start, Count, false);
        break;
    case 2:
        CHECK_EQUAL(RtlAreBitsClear(&Model->BitMap, Start, Count),
            ModelAll(Model, Start, Count, false));
        CHECK_EQUAL(
            RtlAreBitsSet(&Model->BitMap, Start, Count), ModelAll(Model, Start, Count, true));
        break;
    case 3:
        CHECK_EQUAL(RtlNumberOfSetBits(&Model->BitMap), ModelCount(Model));
        break;
    default:
        Found = ModelFind(Model, Small, Start);
        CHECK_EQUAL(RtlFindClearBits(&Model->BitMap, Small, Start), Found);
        CHECK_EQUAL(RtlFindClearBitsAndSet(&Model->BitMap, Small, Start), Found);
        if (Found != RTL_BITMAP_NOT_FOUND) {
            ModelChange(Model, Found, Small, true);
        }
        break;
    }
}

static void TestModel(void)
{
    static const ULONG Sizes[] = { 1, 31, 32, 33, 64, 100, LARGEST_SIZE };
    ULONG Seed = 1;

    for (ULONG i = 0; i < ARRAYSIZE(Sizes); i++) {
        MODEL Model;

        ModelInitialize(&Model, Sizes[i]);
        for (ULONG Step = 0; Step < OPERATIONS / ARRAYSIZE(Sizes); Step++) {
            ModelStep(&Model, &Seed);
        }
        free(Model.BitMap.Buffer);
    }
}

static void TestEdges(void)
{
    MODEL Model;
    RTL_BITMAP Empty = { 0 };

    ModelInitialize(&Model, 70);
    CHECK(!RtlAreBitsClear(&Model.BitMap, 0, 71));
    CHECK(!RtlAreBitsClear(&Model.BitMap, 0xFFFFFFFF, 2));
    CHECK(!RtlAreBitsClear(&Model.BitMap, 2, 0xFFFFFFFF));
    CHECK(!RtlTestBit(&Model.BitMap, 70));
    RtlSetAllBits(&Model.BitMap);
    CHECK_EQUAL(RtlNumberOfSetBits(&Model.BitMap), 70);
    CHECK(RtlTestBit(&Model.BitMap, 69));
    CHECK_EQUAL(RtlFindClearBits(&Model.BitMap, 1, 0), RTL_BITMAP_NOT_FOUND);
    RtlClearBits(&Model.BitMap, 30, 40);
    CHECK_EQUAL(RtlFindClearBits(&Model.BitMap, 40, 50), 30);
    CHECK_EQUAL(RtlFindClearBits(&Model.BitMap, 41, 0), RTL_BITMAP_NOT_FOUND);
    CHECK_EQUAL(RtlFindClearBits(&Model.BitMap, 1, 0xFFFFFFFF), 30);
    CHECK_EQUAL(RtlFindClearBits(&Empty, 1, 0), RTL_BITMAP_NOT_FOUND);
    free(Model.BitMap.Buffer);
}

const KTAP_TEST KtapTests[] = {
    { "bitmap: 100000 random operations against a model", TestModel },
    { "bitmap: edges", TestEdges },
    { NULL, NULL },
};
