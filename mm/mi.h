/* SPDX-License-Identifier: MIT */
/*
 * What the files of mm/ share.  Page tables are always reached through the direct
 * map, so any process's can be changed without attaching to it; the self-map at
 * C0000000 serves the debugger, MmIsAddressValid and MmVerifyProtections.
 *
 * Lock order: address space, segment, system PTEs, pool, page frames.  No spin
 * lock is held while a page is allocated, because running out of pages trims the
 * caches behind those locks.
 */
#pragma once
#include "kasan.h"
#include "mm.h"
#include "ob.h"

/* ---- Page-table entries ------------------------------------------------------ */

typedef union _MMPTE {
    uint64_t Long;
    struct {
        ULONG Low; /* written last when an entry becomes valid, first when it dies */
        ULONG High;
    };
} MMPTE, *PMMPTE;

#define MI_VALID    0x001u
#define MI_WRITE    0x002u
#define MI_USER     0x004u
#define MI_UNCACHED 0x018u
#define MI_ACCESSED 0x020u
#define MI_DIRTY    0x040u
#define MI_LARGE    0x080u
#define MI_GLOBAL   0x100u
#define MI_NX_HIGH  0x80000000u /* in High */
#define MI_FRAME    0xFFFFF000u

/*
 * Software entries, not valid to the processor.  Zero means "as the VAD says";
 * anything else overrides the VAD for this page.
 */
#define MI_SOFT_COMMITTED   0x002u
#define MI_SOFT_DECOMMITTED 0x004u /* in a VAD that is committed as a whole */
#define MI_SOFT_PAGE        0x008u /* holds a page that may not be touched now */

/*
 * Protections.  The kind fits the three bits that the processor leaves to software
 * in a valid entry; COPY without WRITE marks PAGE_EXECUTE, which x86 cannot tell
 * from EXECUTE_READ.  The others make an entry invalid, except NOCACHE.
 */
#define MI_EXECUTE      1u
#define MI_WRITABLE     2u
#define MI_COPY         4u
#define MI_KIND         7u
#define MI_GUARD        0x10u
#define MI_NOACCESS     0x20u
#define MI_NOCACHE      0x40u
#define MI_SOFT_FLAGS   (MI_GUARD | MI_NOACCESS | MI_NOCACHE)
#define MI_KIND_SHIFT   9
#define MI_INVALID_PROTECTION 0xFFu

/* The entry of a page that is committed and has not been touched yet. */
FORCEINLINE ULONG MiCommittedEntry(ULONG Protection)
{
    return MI_SOFT_COMMITTED | (Protection & MI_SOFT_FLAGS) |
           (Protection & MI_KIND) << MI_KIND_SHIFT;
}

typedef enum _MI_ACCESS { MiRead, MiWrite, MiExecuteAccess } MI_ACCESS;

#define MI_PTE_COUNT   512
#define MI_TABLE_SPAN  0x200000u /* bytes that a page table maps */
#define MI_SELF_MAP    0xC0000000u
#define MI_SELF_PDES   0xC0600000u
#define MI_SYSTEM_PTES 0xB0000000u
#define MI_SYSTEM_PTE_COUNT 0x10000u
#define MI_DIRECT_PAGES ((MI_SYSTEM_PTES - KERNEL_BASE) >> PAGE_SHIFT)

extern ULONG MiNxHigh;     /* MI_NX_HIGH, or 0 on a processor without it */
extern ULONG MiGlobal;     /* MI_GLOBAL, or 0 */
extern PMMPTE MiKernelDirectory; /* of 80000000, shared by all processes */
extern PMMPTE MiBootDirectories[4];
extern uint64_t MiBootPointers[4];
extern PFN_NUMBER MiSharedUserPage;

FORCEINLINE void MiWritePte(PMMPTE Pte, ULONG Low, ULONG High)
{
    *(volatile ULONG *)&Pte->Low = 0;
    *(volatile ULONG *)&Pte->High = High;
    *(volatile ULONG *)&Pte->Low = Low;
}

FORCEINLINE ULONG MiPteIndex(ULONG_PTR Va)
{
    return (Va >> PAGE_SHIFT) % MI_PTE_COUNT;
}

FORCEINLINE ULONG MiPdeIndex(ULONG_PTR Va)
{
    return (Va >> 21) % MI_PTE_COUNT;
}

/* The page table under a directory entry, or NULL. */
FORCEINLINE PMMPTE MiTableOf(PMMPTE Pde)
{
    return (Pde->Low & MI_VALID) ? (PMMPTE)(KERNEL_BASE + (Pde->Low & MI_FRAME)) : NULL;
}

/* ---- Page frames (pfn.c) ----------------------------------------------------- */

typedef enum _PFN_STATE {
    PfnReserved, /* firmware, kernel, ramdisk: never freed, references not counted */
    PfnFree,
    PfnZeroed,   /* free, and known to be zero */
    PfnPrivate,  /* one owner: a process, a page table, pool */
    PfnShared,   /* of a section */
} PFN_STATE;

typedef struct _MMPFN {
    union {
        ULONG Next;     /* in a free list; page frame lock */
        ULONG UsedPtes; /* a user page table: entries that are not 0; address-space lock */
        ULONG Tag;      /* first page of a large pool block */
        ULONG Pages;    /* second page of a large pool block: its length */
    };
    ULONG References : 24; /* page frame lock */
    ULONG State : 7;       /* PFN_STATE; page frame lock */
    ULONG Traced : 1;      /* its release is to be traced */
} MMPFN, *PMMPFN;
_Static_assert(sizeof(MMPFN) == 8, "one per page of memory");

extern PMMPFN MiPfnDatabase;
extern PFN_NUMBER MiHighestPage;
extern ULONG MiTotalPages;

void MiAddFreePage(PFN_NUMBER Page);
/* Like the public ones, but not a traced resource: caches, pool, stacks. */
PFN_NUMBER MiAllocateUntracedPage(BOOLEAN Zeroed);
void MiReleaseZeroedPage(PFN_NUMBER Page); /* the caller knows it to be all zero */

FORCEINLINE PMMPFN MiPfnOfTable(const MMPTE *Pte)
{
    return &MiPfnDatabase[MmGetPhysicalAddress(Pte) >> PAGE_SHIFT];
}

/* ---- Pool, system address space, stacks -------------------------------------- */

void MiInitializePool(void);
ULONG MiTrimPool(void); /* gives empty pages back; how many */
ULONG MiCachedPoolPages(void);

#define MI_TAG_SLOTS 256u /* a power of two, more than there are tags */
typedef struct _MI_TAG {
    ULONG Tag; /* 0: free slot */
    ULONG Allocations;
    ULONG Bytes;
    ULONG Spare;
} MI_TAG;
extern MI_TAG MiTags[MI_TAG_SLOTS];
MI_TAG *MiFindTag(ULONG Tag) __attribute__((noinline));

FORCEINLINE ULONG MiTagSlot(ULONG Tag)
{
    return (Tag * 0x9E3779B1u) >> 24;
}

/* Pool lock held. */
FORCEINLINE void MiCountTag(ULONG Tag, LONG Allocations, LONG Bytes)
{
    MI_TAG *Entry = &MiTags[MiTagSlot(Tag)];

    if (__builtin_expect(Entry->Tag != Tag, FALSE)) {
        Entry = MiFindTag(Tag); /* another has its place */
    }
    Entry->Allocations += (ULONG)Allocations;
    Entry->Bytes += (ULONG)Bytes;
}

PVOID MiAllocateBigPool(SIZE_T Size, ULONG Tag, PKSPIN_LOCK PoolLock) __attribute__((noinline));
void MiFreeBigPool(PVOID Block, ULONG Tag, PKSPIN_LOCK PoolLock);
/* Count contiguous pages of address space with their page tables, unmapped; or NULL. */
PVOID MiReserveSystemPtes(ULONG Count);
void MiReleaseSystemPtes(PVOID Base, ULONG Count); /* unmapped already */
PMMPTE MiSystemPte(PCVOID Address);
/* Maps new pages at Base, all or none. */
BOOLEAN MiMapSystemPages(PVOID Base, ULONG Count);
void MiUnmapSystemPages(PVOID Base, ULONG Count);
ULONG MiTrimStacks(void);
ULONG MiCachedStackPages(void);

/* ---- Translation buffer (tlb.c) ---------------------------------------------- */

void MiFlushPage(PMM_ADDRESS_SPACE Space, ULONG_PTR Va);
void MiFlushPages(PMM_ADDRESS_SPACE Space, ULONG_PTR Va, ULONG Count);
void MiFlushKernelPages(PCVOID Va, ULONG Count);
void MiLoadPageTables(ULONG Cr3);

/* ---- User page tables (pte.c, protect.c): all with the address-space lock ---- */

PMMPTE MiLookupPte(const MM_ADDRESS_SPACE *Space, ULONG_PTR Va); /* NULL: no table there */
PMMPTE MiCreatePte(PMM_ADDRESS_SPACE Space, ULONG_PTR Va);       /* NULL: out of memory */
/* All tables of a range; FALSE: out of memory. */
BOOLEAN MiCreateTables(PMM_ADDRESS_SPACE Space, ULONG_PTR First, ULONG_PTR Last);
void MiSetPte(PMMPTE Pte, ULONG Low, ULONG High);
/* A valid entry for Page; Protection of which only kind and NOCACHE count. */
void MiSetValidPte(PMMPTE Pte, PFN_NUMBER Page, ULONG Protection);
/* One flush before Count entries of one table are emptied; nothing on one processor. */
void MiInvalidatePtes(PMM_ADDRESS_SPACE Space, ULONG_PTR Va, PMMPTE Pte, ULONG Count);
/* Empties one entry that may be zero, and releases its page; the table stays. */
void MiEmptyPte(PMM_ADDRESS_SPACE Space, ULONG_PTR Va, PMMPTE Pte);
/* The entry of Va, where all tables are; Pte: of the page before it, NULL if it is the first. */
FORCEINLINE PMMPTE MiNextPte(const MM_ADDRESS_SPACE *Space, ULONG_PTR Va, PMMPTE Pte)
{
    return Pte == NULL || MiPteIndex(Va) == 0 ? MiLookupPte(Space, Va) : Pte + 1;
}

/* Empties entries, releases their pages and, unless KeepTables, tables that become empty. */
void MiDeletePtes(PMM_ADDRESS_SPACE Space, ULONG_PTR First, ULONG_PTR Last);
void MiDeleteEmptyTables(PMM_ADDRESS_SPACE Space, ULONG_PTR First, ULONG_PTR Last);
ULONG MiProtectionFromWin32(ULONG Protect); /* or MI_INVALID_PROTECTION */
ULONG MiProtectionToWin32(ULONG Protection);
BOOLEAN MiIsAccessAllowed(ULONG Protection, MI_ACCESS Access);

/* ---- VADs (vad.c): address-space lock ---------------------------------------- */

#define MI_HIGHEST_VAD_ADDRESS 0x7FFDFFFFu /* the shared user page has no VAD */
#define MI_MAXIMUM_ZERO_BITS   21u

typedef enum _MI_VAD_TYPE { VadPrivate, VadImage, VadData } MI_VAD_TYPE;

typedef struct _MMVAD {
    RTL_AVL_NODE Node;
    ULONG_PTR Start; /* first and last byte */
    ULONG_PTR End;
    UCHAR Type;         /* MI_VAD_TYPE */
    UCHAR Protection;   /* of pages whose entry is zero */
    BOOLEAN MemCommit;  /* private: pages whose entry is zero are committed */
    BOOLEAN NoChange;   /* PEB and TEB: user mode may neither free nor protect it */
    ULONG FirstPage;    /* of the section */
    ULONG_PTR Lowest;   /* no page below it has had an entry: stacks are used from the top */
    struct _CONTROL_AREA *ControlArea; /* a reference; NULL: private */
} MMVAD, *PMMVAD;

void MiInitializeVads(PMM_ADDRESS_SPACE Space);
PMMVAD MiFindVad(PMM_ADDRESS_SPACE Space, ULONG_PTR Va);
/* First VAD that ends at or above Va, or NULL. */
PMMVAD MiNextVad(const MM_ADDRESS_SPACE *Space, ULONG_PTR Va);
/* Copies Model, whose range must be free, into the tree.  NULL: out of memory. */
PMMVAD MiInsertVad(PMM_ADDRESS_SPACE Space, const MMVAD *Model);
/* Unmaps its pages, takes it out, drops its reference on the control area. */
void MiDeleteVad(PMM_ADDRESS_SPACE Space, PMMVAD Vad);
/* Before a VAD gives up addresses. */
void MiForgetHints(PMM_ADDRESS_SPACE Space, PMMVAD Vad);
/* Where Size bytes fit at or below Highest; 0: nowhere. */
ULONG_PTR MiFindFreeRange(PMM_ADDRESS_SPACE Space, SIZE_T Size, ULONG_PTR Highest,
    BOOLEAN TopDown, ULONG Alignment);
BOOLEAN MiIsRangeFree(const MM_ADDRESS_SPACE *Space, ULONG_PTR Start, ULONG_PTR End);
/* Highest address that NT's ZeroBits leave; more than 21 is the caller's error. */
ULONG_PTR MiHighestByZeroBits(ULONG_PTR ZeroBits);

/* Protection of a page and whether it is committed, from its entry or what is behind it. */
BOOLEAN MiQueryPage(PMMVAD Vad, ULONG_PTR Va, const MMPTE *Pte, PULONG Protection);
/* Gives a committed page a new protection; Pte is its entry, which may be zero. */
void MiProtectPage(
    PMM_ADDRESS_SPACE Space, PMMVAD Vad, ULONG_PTR Va, PMMPTE Pte, ULONG Protection);
/* Commits every page of a part of a VAD; INSUFFICIENT_RESOURCES changes nothing. */
NTSTATUS MiCommitRange(PMM_ADDRESS_SPACE Space, PMMVAD Vad, ULONG_PTR Start, ULONG_PTR End,
    ULONG Protection);
/* Makes a page accessible or says why it cannot be; what a fault does. */
NTSTATUS MiResolveFault(PMM_ADDRESS_SPACE Space, ULONG_PTR Va, MI_ACCESS Access);
/* The process behind a handle of the caller; *Object is what to dereference. */
NTSTATUS MiReferenceProcess(
    HANDLE Handle, ACCESS_MASK Access, PVOID *Object, PKPROCESS *Process);

/* In-out base and size of a system service: captured and probed; written back. */
NTSTATUS MiCaptureRange(
    PVOID __user *UserBase, SIZE_T __user *UserSize, PVOID *Base, PSIZE_T Size);
NTSTATUS MiReturnRange(PVOID __user *UserBase, SIZE_T __user *UserSize,
    ULONG __user *UserValue, PVOID Base, SIZE_T Size, ULONG Value); /* UserValue may be NULL */

/* ---- Sections ---------------------------------------------------------------- */

/*
 * One page of a section: PFN << 12 and these.  Written under the segment lock; a
 * page that is there stays until the control area goes, so it is read without.
 * Kind and NOACCESS are in the places they have in a software PTE.
 */
#define MI_PROTO_PAGE      0x1u
#define MI_PROTO_COMMITTED 0x2u
#define MI_PROTO_ZERO      0x4u /* private zeroed page at the first touch */
#define MI_PROTO_SHARED    0x8u /* writes go to the page that all see */

/* A run of pages with one protection and one source. */
typedef struct _SUBSECTION {
    ULONG StartingPage;
    ULONG PageCount;
    ULONG FileOffset; /* bytes of the file from here... */
    ULONG FileBytes;  /* ...this many; zeros behind */
    ULONG Prototype;  /* flags of its pages */
} SUBSECTION, *PSUBSECTION;

/* What is mapped when a section is: one per image file, one per data section. */
typedef struct _CONTROL_AREA {
    volatile LONG References; /* sections, views and, of an image, its file's cache */
    ULONG PageCount;
    PMM_BACKING_FILE File; /* NULL: memory alone */
    LIST_ENTRY CacheLinks; /* of an image: in MiImageCache; segment lock */
    ULONG ImageBase;
    ULONG Win32Version; /* IMAGE_OPTIONAL_HEADER.Win32VersionValue */
    BOOLEAN IsImage;
    SECTION_IMAGE_INFORMATION Information; /* of an image */
    ULONG SubsectionCount;
    PSUBSECTION Subsections;
    PULONG Prototypes; /* PageCount of them */
} CONTROL_AREA, *PCONTROL_AREA;

/* The body of a Section object; constant once made. */
struct _SECTION {
    PCONTROL_AREA ControlArea; /* a reference */
    PVOID FileObject;          /* a reference, or NULL */
    ULONG Protection;          /* PAGE_..., the most a view may have */
    ULONG Attributes;          /* SEC_... */
    SIZE_T Size;               /* bytes */
};

extern KGUARDED_MUTEX MiSegmentLock;

/* NULL: out of memory.  Subsections and prototypes are zero. */
PCONTROL_AREA MiCreateControlArea(ULONG PageCount, ULONG SubsectionCount);
void MiReferenceControlArea(PCONTROL_AREA ControlArea);
void MiDereferenceControlArea(PCONTROL_AREA ControlArea);
/* Sets the prototypes of a subsection; pages of the file that can be are mapped as they are. */
void MiFillSubsection(PCONTROL_AREA ControlArea, PSUBSECTION Subsection);
/* The page that all views share, made at the first call; 0: out of memory. */
PFN_NUMBER MiGetSectionPage(PCONTROL_AREA ControlArea, ULONG Index);
NTSTATUS MiReferenceImage(PMM_BACKING_FILE File, PCONTROL_AREA *ControlArea); /* image.c */
void MiImageMapped(PCONTROL_AREA Area, ULONG_PTR Base); /* view.c: for debuggers */
NTSTATUS MiCreateDataArea(PMM_BACKING_FILE File, SIZE_T Size, ULONG Protection, ULONG Attributes,
    PCONTROL_AREA *ControlArea); /* data.c */
