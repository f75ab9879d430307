/* SPDX-License-Identifier: MIT */
/*
 * Pool: the kernel's heap.  Blocks up to half a page come from slabs: a slab is a
 * page of the direct map cut into blocks of one class, so that allocation and
 * free take the same short time however much is allocated.  Larger blocks are
 * whole pages (mm/bigpool.c) and the only ones that begin on a page.
 *
 * Every small block has a header that names its tag; a free with the wrong tag, a
 * second free or a header that was written over stops the system at once.
 */
#include "mm/mi.h"

#define POOL_ALLOCATED  0xA5
#define POOL_FREED      0x5A
#define POOL_SLAB_MAGIC 0x62616C53 /* "Slab" */
#define POOL_POISON     0xDDDDDDDDu
#define POOL_POISON_WORDS 4 /* checked in debug builds, behind the free-list link */

typedef struct _POOL_HEADER {
    ULONG Tag;
    USHORT Size; /* as asked for */
    UCHAR Class;
    UCHAR State;
    ULONG Data[]; /* a free block: address of the next, then poison */
} POOL_HEADER, *PPOOL_HEADER;

typedef struct _POOL_SLAB {
    LIST_ENTRY Links; /* in MiPoolClasses[].Slabs unless full */
    PPOOL_HEADER Free;
    ULONG Magic;
    USHORT Used;
    USHORT Fresh; /* offset of the first block that was never used */
    USHORT Class;
    USHORT Size; /* of a block */
    USHORT Capacity; /* blocks */
    USHORT Spare[3];
} POOL_SLAB, *PPOOL_SLAB;

typedef struct _POOL_CLASS {
    LIST_ENTRY Slabs; /* with a free block; empty ones last */
    ULONG Empty;      /* of them, without any block in use: at most one is kept */
    ULONG Spare;      /* a power of two is found by a shift */
} POOL_CLASS;

/* Block sizes, header included, chosen so that little of a page is left over. */
static const USHORT MiPoolSizes[] = {16, 32, 48, 64, 80, 96, 128, 160, 200, 248, 336, 400, 504,
    576, 672, 808, 1016, 1352, 2032};
#define POOL_CLASSES ARRAYSIZE(MiPoolSizes)
#define POOL_LARGEST 2032
#define POOL_SMALL (POOL_LARGEST - sizeof(POOL_HEADER) - KASAN_REDZONE) /* asked for */

/* A short lock; guards all slabs and the count by tag. */
static KSPIN_LOCK MiPoolLock = KSPIN_LOCK_INITIALIZER(LockLevelPool);
static POOL_CLASS MiPoolClasses[POOL_CLASSES];
static UCHAR MiPoolClassOf[POOL_LARGEST / 8 + 1]; /* by block size / 8; constant */

void MiInitializePool(void)
{
    ULONG Class = 0;

    for (ULONG i = 0; i < POOL_CLASSES; i++) {
        InitializeListHead(&MiPoolClasses[i].Slabs);
    }
    for (ULONG i = 0; i <= POOL_LARGEST / 8; i++) {
        if (i * 8 > MiPoolSizes[Class]) {
            Class++;
        }
        MiPoolClassOf[i] = (UCHAR)Class;
    }
}

/* Puts a new slab into its class.  No lock on entry: taking a page may trim. */
static __attribute__((cold, noinline)) BOOLEAN MiAddSlab(ULONG Class)
{
    PFN_NUMBER Page = MiAllocateUntracedPage(FALSE);
    PPOOL_SLAB Slab = MmMapPage(Page);

    if (Page == 0) {
        return FALSE;
    }
    *Slab = (POOL_SLAB){.Magic = POOL_SLAB_MAGIC,
        .Fresh = sizeof(POOL_SLAB),
        .Class = (USHORT)Class,
        .Size = MiPoolSizes[Class],
        .Capacity = (PAGE_SIZE - sizeof(POOL_SLAB)) / MiPoolSizes[Class]};
    KasanForbidPool(Slab, PAGE_SIZE); /* this file is not checked, its callers are */
    KeAcquireShortLock(&MiPoolLock);
    InsertTailList(&MiPoolClasses[Class].Slabs, &Slab->Links);
    MiPoolClasses[Class].Empty++;
    KeReleaseShortLock(&MiPoolLock);
    return TRUE;
}

static void MiPoisonBlock(PPOOL_HEADER Block)
{
#ifndef NDEBUG
    ULONG Words = MiPoolSizes[Block->Class] / 4 - 3;

    for (ULONG i = 1; i <= POOL_POISON_WORDS && i <= Words; i++) {
        Block->Data[i] = POOL_POISON;
    }
#else
    UNREFERENCED_PARAMETER(Block);
#endif
}

/* Was the block written to after it was freed? */
static void MiCheckFreeBlock(PPOOL_HEADER Block)
{
    BOOLEAN Good = Block->State == POOL_FREED;
#ifndef NDEBUG
    ULONG Words = MiPoolSizes[Block->Class] / 4 - 3;

    for (ULONG i = 1; i <= POOL_POISON_WORDS && i <= Words; i++) {
        Good = Good && Block->Data[i] == POOL_POISON;
    }
#endif
    if (!Good) {
        KeBugCheckEx(BAD_POOL_HEADER, 3, (ULONG_PTR)Block, Block->Tag, Block->State);
    }
}

/* The next block of a slab that has one.  Lock held. */
FORCEINLINE PPOOL_HEADER MiTakeBlock(PPOOL_SLAB Slab)
{
    PPOOL_HEADER Block = Slab->Free;

    if (__builtin_expect(Block != NULL, TRUE)) {
        MiCheckFreeBlock(Block);
        Slab->Free = (PPOOL_HEADER)Block->Data[0];
    } else {
        Block = (PPOOL_HEADER)((PUCHAR)Slab + Slab->Fresh);
        Slab->Fresh = (USHORT)(Slab->Fresh + Slab->Size);
    }
    if (Slab->Used++ == 0) {
        MiPoolClasses[Slab->Class].Empty--;
    }
    if (Slab->Used == Slab->Capacity) {
        RemoveEntryList(&Slab->Links);
        Slab->Links.Flink = NULL;
    }
    return Block;
}

FORCEINLINE PVOID MiAllocateSmall(SIZE_T Size, ULONG Tag)
{
    ULONG Class = MiPoolClassOf[(Size + KASAN_REDZONE + sizeof(POOL_HEADER) + 7) / 8];
    PLIST_ENTRY Slabs = &MiPoolClasses[Class].Slabs;
    PPOOL_HEADER Block;

    KeAcquireShortLock(&MiPoolLock);
    while (__builtin_expect(IsListEmpty(Slabs), FALSE)) {
        KeReleaseShortLock(&MiPoolLock);
        if (!MiAddSlab(Class)) {
            return NULL;
        }
        KeAcquireShortLock(&MiPoolLock);
    }
    Block = MiTakeBlock(CONTAINING_RECORD(Slabs->Flink, POOL_SLAB, Links));
    *Block = (POOL_HEADER){Tag, (USHORT)Size, (UCHAR)Class, POOL_ALLOCATED};
    KasanAllow(Block->Data, Size, MiPoolSizes[Class] - sizeof(POOL_HEADER));
    MiCountTag(Tag, 1, (LONG)Size);
    KeReleaseShortLock(&MiPoolLock);
    return Block->Data;
}

/* TRUE: its class has an empty one already, and the caller is to give the page back. */
static BOOLEAN MiUnlinkEmptySlab(PPOOL_SLAB Slab)
{
    POOL_CLASS *Class = &MiPoolClasses[Slab->Class];

    RemoveEntryList(&Slab->Links);
    if (Class->Empty == 0) {
        Class->Empty++;
        InsertTailList(&Class->Slabs, &Slab->Links);
        return FALSE;
    }
    Slab->Magic = 0;
    return TRUE;
}

static __attribute__((noinline)) void MiReleaseSlab(PVOID Slab)
{
    MmReleasePage(MmGetPhysicalAddress(Slab) >> PAGE_SHIFT);
}

/* Stops the system unless Block is a live block of the tag. */
static void MiCheckBlock(PPOOL_HEADER Block, PPOOL_SLAB Slab, ULONG Tag)
{
    if (Block->State == POOL_FREED) {
        KeBugCheckEx(BAD_POOL_CALLER, 7, (ULONG_PTR)Block->Data, Tag, Block->Tag);
    }
    if (Block->State != POOL_ALLOCATED || Slab->Magic != POOL_SLAB_MAGIC ||
        Block->Class != Slab->Class) {
        KeBugCheckEx(BAD_POOL_HEADER, 0x20, (ULONG_PTR)Block, Tag, Block->Tag);
    }
    if (Block->Tag != Tag) {
        KeBugCheckEx(BAD_POOL_CALLER, 0xA, (ULONG_PTR)Block->Data, Block->Tag, Tag);
    }
}

/* First to be used again; where use after free is looked for, the last. */
static void MiPutBlock(PPOOL_SLAB Slab, PPOOL_HEADER Block)
{
    PPOOL_HEADER *Link = &Slab->Free;

    while (KASAN_ENABLED && *Link != NULL) {
        Link = (PPOOL_HEADER *)&(*Link)->Data[0];
    }
    Block->Data[0] = (ULONG)*Link;
    *Link = Block;
}

static void MiFreeSmall(PVOID Data, ULONG Tag)
{
    PPOOL_HEADER Block = CONTAINING_RECORD(Data, POOL_HEADER, Data);
    PPOOL_SLAB Slab = PAGE_ALIGN(Block);
    BOOLEAN Release = FALSE;

    KeAcquireShortLock(&MiPoolLock);
    MiCheckBlock(Block, Slab, Tag);
    Block->State = POOL_FREED;
    MiPoisonBlock(Block);
    MiCountTag(Tag, -1, -(LONG)Block->Size);
    KasanForbidPool(Data, MiPoolSizes[Block->Class] - sizeof(POOL_HEADER));
    MiPutBlock(Slab, Block);
    if (Slab->Links.Flink == NULL) {
        InsertHeadList(&MiPoolClasses[Slab->Class].Slabs, &Slab->Links);
    }
    if (--Slab->Used == 0) {
        Release = MiUnlinkEmptySlab(Slab);
    }
    KeReleaseShortLock(&MiPoolLock);
    if (Release) {
        MiReleaseSlab(Slab);
    }
}

PVOID ExAllocatePoolWithTag(POOL_TYPE Type, SIZE_T Size, ULONG Tag)
{
    PVOID Block;

    UNREFERENCED_PARAMETER(Type);
    ASSERT_IRQL_AT_MOST(DISPATCH_LEVEL);
    if (KeFaultPoint()) {
        return NULL;
    }
    Block = Size <= POOL_SMALL ? MiAllocateSmall(Size, Tag)
                                  : MiAllocateBigPool(Size, Tag, &MiPoolLock);
    if (Block != NULL) {
        KeTraceAcquire(ResourcePool, (ULONG_PTR)Block);
    }
    return Block;
}

/* Blocks are whole words, however much of the last was asked for. */
PVOID ExAllocatePoolZero(POOL_TYPE Type, SIZE_T Size, ULONG Tag)
{
    PVOID Block = ExAllocatePoolWithTag(Type, Size, Tag);

    if (Block != NULL) {
        KeZeroMemory(Block, Size);
    }
    return Block;
}

void ExFreePoolWithTag(PVOID Block, ULONG Tag)
{
    ASSERT_IRQL_AT_MOST(DISPATCH_LEVEL);
    if ((ULONG_PTR)Block < KERNEL_BASE || (ULONG_PTR)Block % 8 != 0) {
        KeBugCheckEx(BAD_POOL_CALLER, 0x40, (ULONG_PTR)Block, Tag, 0);
    }
    KeTraceRelease(ResourcePool, (ULONG_PTR)Block);
    if (PAGE_ALIGN(Block) == Block) {
        MiFreeBigPool(Block, Tag, &MiPoolLock);
    } else {
        MiFreeSmall(Block, Tag);
    }
}

/* An empty slab of the class, taken out of its list; NULL: there is none. */
static PVOID MiTakeEmptySlab(POOL_CLASS *Class)
{
    PVOID Slab = NULL;

    KeAcquireShortLock(&MiPoolLock);
    if (Class->Empty != 0) {
        Class->Empty--;
        Slab = RemoveTailList(&Class->Slabs);
    }
    KeReleaseShortLock(&MiPoolLock);
    return Slab;
}

ULONG MiTrimPool(void)
{
    ULONG Pages = 0;

    for (POOL_CLASS *Class = MiPoolClasses; Class < &MiPoolClasses[POOL_CLASSES]; Class++) {
        PVOID Slab;

        while ((Slab = MiTakeEmptySlab(Class)) != NULL) {
            MiReleaseSlab(Slab);
            Pages++;
        }
    }
    return Pages;
}

ULONG MiCachedPoolPages(void)
{
    ULONG Pages = 0;

    for (ULONG i = 0; i < POOL_CLASSES; i++) {
        Pages += MiPoolClasses[i].Empty;
    }
    return Pages;
}
