/* SPDX-License-Identifier: MIT */
/*
 * Bitmaps over a buffer of ULONGs that the caller owns.  Bit n is bit n % 32 of
 * word n / 32.  A range that leaves the bitmap is the caller's bug: a question
 * about it is answered FALSE, a change to it traps rather than write outside.
 */
#include "rtl.h"

#define RTLP_WORD_BITS 32

/* One word's share of a range of bits. */
typedef struct _RTLP_WORD_RANGE {
    ULONG Index;
    ULONG Mask;
} RTLP_WORD_RANGE;

/* Cut the first word's share off the range *Start, *Count (not empty). */
static RTLP_WORD_RANGE RtlpNextWord(ULONG *Start, ULONG *Count)
{
    ULONG Offset = *Start % RTLP_WORD_BITS;
    ULONG Room = RTLP_WORD_BITS - Offset;
    ULONG Take = *Count < Room ? *Count : Room;
    RTLP_WORD_RANGE Range = {
        .Index = *Start / RTLP_WORD_BITS,
        .Mask = (0xFFFFFFFFu >> (RTLP_WORD_BITS - Take)) << Offset,
    };

    *Start += Take;
    *Count -= Take;
    return Range;
}

static BOOLEAN RtlpIsRangeInside(const RTL_BITMAP *BitMap, ULONG Start, ULONG Count)
{
    return Start <= BitMap->SizeOfBitMap && Count <= BitMap->SizeOfBitMap - Start;
}

VOID NTAPI RtlInitializeBitMap(PRTL_BITMAP BitMap, PULONG Buffer, ULONG SizeOfBitMap)
{
    BitMap->SizeOfBitMap = SizeOfBitMap;
    BitMap->Buffer = Buffer;
}

VOID NTAPI RtlClearAllBits(PRTL_BITMAP BitMap)
{
    RtlClearBits(BitMap, 0, BitMap->SizeOfBitMap);
}

VOID NTAPI RtlSetAllBits(PRTL_BITMAP BitMap)
{
    RtlSetBits(BitMap, 0, BitMap->SizeOfBitMap);
}

VOID NTAPI RtlSetBits(PRTL_BITMAP BitMap, ULONG Start, ULONG Count)
{
    if (!RtlpIsRangeInside(BitMap, Start, Count)) {
        __builtin_trap();
    }
    while (Count != 0) {
        RTLP_WORD_RANGE Range = RtlpNextWord(&Start, &Count);

        BitMap->Buffer[Range.Index] |= Range.Mask;
    }
}

VOID NTAPI RtlClearBits(PRTL_BITMAP BitMap, ULONG Start, ULONG Count)
{
    if (!RtlpIsRangeInside(BitMap, Start, Count)) {
        __builtin_trap();
    }
    while (Count != 0) {
        RTLP_WORD_RANGE Range = RtlpNextWord(&Start, &Count);

        BitMap->Buffer[Range.Index] &= ~Range.Mask;
    }
}

BOOLEAN NTAPI RtlTestBit(PRTL_BITMAP BitMap, ULONG Bit)
{
    return RtlAreBitsSet(BitMap, Bit, 1);
}

/* Do all bits of the range have the value that Flip turns into 0? */
static BOOLEAN RtlpAreBitsZero(const RTL_BITMAP *BitMap, ULONG Start, ULONG Count, ULONG Flip)
{
    if (Count == 0 || !RtlpIsRangeInside(BitMap, Start, Count)) {
        return FALSE;
    }
    while (Count != 0) {
        RTLP_WORD_RANGE Range = RtlpNextWord(&Start, &Count);

        if (((BitMap->Buffer[Range.Index] ^ Flip) & Range.Mask) != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

BOOLEAN NTAPI RtlAreBitsClear(PRTL_BITMAP BitMap, ULONG Start, ULONG Count)
{
    return RtlpAreBitsZero(BitMap, Start, Count, 0);
}

BOOLEAN NTAPI RtlAreBitsSet(PRTL_BITMAP BitMap, ULONG Start, ULONG Count)
{
    return RtlpAreBitsZero(BitMap, Start, Count, 0xFFFFFFFFu);
}

ULONG NTAPI RtlNumberOfSetBits(PRTL_BITMAP BitMap)
{
    ULONG Start = 0;
    ULONG Count = BitMap->SizeOfBitMap;
    ULONG Sum = 0;

    while (Count != 0) {
        RTLP_WORD_RANGE Range = RtlpNextWord(&Start, &Count);

        Sum += (ULONG)__builtin_popcount(BitMap->Buffer[Range.Index] & Range.Mask);
    }
    return Sum;
}

/* First run of Count clear bits that lies within [From, To). */
static ULONG RtlpFindClearRun(const RTL_BITMAP *BitMap, ULONG Count, ULONG From, ULONG To)
{
    ULONG Run = 0;
    ULONG Bit = From;

    while (Bit < To) {
        ULONG Word = BitMap->Buffer[Bit / RTLP_WORD_BITS];

        if (Word == 0xFFFFFFFFu) {
            Run = 0;
            Bit = (Bit / RTLP_WORD_BITS + 1) * RTLP_WORD_BITS;
            continue;
        }
        Run = (Word >> (Bit % RTLP_WORD_BITS) & 1) != 0 ? 0 : Run + 1;
        Bit++;
        if (Run == Count) {
            return Bit - Count;
        }
    }
    return RTL_BITMAP_NOT_FOUND;
}

/*
 * RtlFindClearBits - first run of Count clear bits, looking from Hint to the
 * end and then from the start.  A Count of zero finds nothing.
 */
ULONG NTAPI RtlFindClearBits(PRTL_BITMAP BitMap, ULONG Count, ULONG Hint)
{
    ULONG Size = BitMap->SizeOfBitMap;
    ULONG Found;

    if (Count == 0 || Count > Size) {
        return RTL_BITMAP_NOT_FOUND;
    }
    if (Hint >= Size) {
        Hint = 0;
    }
    Found = RtlpFindClearRun(BitMap, Count, Hint, Size);
    if (Found == RTL_BITMAP_NOT_FOUND && Hint != 0) {
        /* The run may begin before the hint and end behind it. */
        ULONG To = Count - 1 < Size - Hint ? Hint + Count - 1 : Size;

        Found = RtlpFindClearRun(BitMap, Count, 0, To);
    }
    return Found;
}

ULONG NTAPI RtlFindClearBitsAndSet(PRTL_BITMAP BitMap, ULONG Count, ULONG Hint)
{
    ULONG Found = RtlFindClearBits(BitMap, Count, Hint);

    if (Found != RTL_BITMAP_NOT_FOUND) {
        RtlSetBits(BitMap, Found, Count);
    }
    return Found;
}
