/* SPDX-License-Identifier: MIT */
/*
 * Just enough ACPI to find processors and interrupt controllers: RSDP, RSDT, MADT.
 *
 * The firmware's tables are checked like any input: signature, checksum, and
 * every length against the table that holds it.
 */
#include "hal/halp.h"
#include "boot.h"

#define RSDP_SEARCH_START 0xE0000
#define RSDP_SEARCH_END   0x100000
#define EBDA_POINTER      0x40E /* real-mode segment of the extended BIOS area */
#define EBDA_SEARCH_SIZE  0x400
#define TABLE_SIZE_LIMIT  0x10000

typedef struct __attribute__((packed)) _ACPI_RSDP {
    CHAR Signature[8];
    UCHAR Checksum;
    CHAR OemId[6];
    UCHAR Revision;
    uint32_t RsdtAddress;
} ACPI_RSDP;

typedef struct __attribute__((packed)) _ACPI_HEADER {
    CHAR Signature[4];
    uint32_t Length;
    UCHAR Revision;
    UCHAR Checksum;
    UCHAR Oem[26];
} ACPI_HEADER;
_Static_assert(sizeof(ACPI_HEADER) == 36, "as the specification says");

typedef struct __attribute__((packed)) _ACPI_MADT {
    ACPI_HEADER Header;
    uint32_t LocalApic;
    uint32_t Flags;
} ACPI_MADT;

#define MADT_LOCAL_APIC 0
#define MADT_IO_APIC    1
#define MADT_OVERRIDE   2

#define LOCAL_APIC_ENABLED 1

typedef struct __attribute__((packed)) _ACPI_MADT_ENTRY {
    UCHAR Type;
    UCHAR Length;
    union {
        struct __attribute__((packed)) {
            UCHAR AcpiId;
            UCHAR Id;
            uint32_t Flags;
        } LocalApic;
        struct __attribute__((packed)) {
            UCHAR Id;
            UCHAR Reserved;
            uint32_t Address;
            uint32_t FirstInput;
        } IoApic;
        struct __attribute__((packed)) {
            UCHAR Bus;
            UCHAR Line;
            uint32_t Input;
            uint16_t Flags; /* bits 0-1 polarity, 2-3 trigger; 3 means low, level */
        } Override;
    };
} ACPI_MADT_ENTRY;

static BOOLEAN HalpSumIsZero(PCVOID Data, ULONG Length)
{
    const UCHAR *Bytes = Data;
    UCHAR Sum = 0;
    ULONG i;

    for (i = 0; i < Length; i++) {
        Sum += Bytes[i];
    }
    return Sum == 0;
}

static const ACPI_RSDP *HalpSearchRsdp(const UCHAR *Low, ULONG Start, ULONG End)
{
    ULONG Address;

    for (Address = Start; Address + sizeof(ACPI_RSDP) <= End; Address += 16) {
        const ACPI_RSDP *Rsdp = (const ACPI_RSDP *)(Low + Address);

        if (__builtin_memcmp(Rsdp->Signature, "RSD PTR ", 8) == 0 &&
            HalpSumIsZero(Rsdp, sizeof(ACPI_RSDP))) {
            return Rsdp;
        }
    }
    return NULL;
}

/* In the first megabyte, which the direct map always holds. */
static const ACPI_RSDP *HalpFindRsdp(void)
{
    const UCHAR *Low = (const UCHAR *)KERNEL_BASE;
    ULONG Ebda = (ULONG)(*(const uint16_t *)(Low + EBDA_POINTER)) << 4;
    const ACPI_RSDP *Rsdp = NULL;

    if (Ebda >= 0x80000 && Ebda < 0xA0000) {
        ULONG End = Ebda + EBDA_SEARCH_SIZE;

        Rsdp = HalpSearchRsdp(Low, Ebda, End < 0xA0000 ? End : 0xA0000);
    }
    return Rsdp != NULL ? Rsdp : HalpSearchRsdp(Low, RSDP_SEARCH_START, RSDP_SEARCH_END);
}

/* Maps the table at Physical if it has that signature and its sum is right. */
static const ACPI_HEADER *HalpMapTable(
    PHAL_MAP_REGISTERS MapRegisters, ULONG Physical, PCSTR Signature)
{
    const ACPI_HEADER *Header = MapRegisters(Physical, sizeof(ACPI_HEADER));
    ULONG Offset = Physical & 0xFFF;

    if (Header == NULL || __builtin_memcmp(Header->Signature, Signature, 4) != 0 ||
        Header->Length < sizeof(ACPI_HEADER) || Header->Length > TABLE_SIZE_LIMIT) {
        return NULL;
    }
    if (Offset + Header->Length > 0x1000) {
        Header = MapRegisters(Physical, Header->Length);
    }
    return Header != NULL && HalpSumIsZero(Header, Header->Length) ? Header : NULL;
}

static const ACPI_MADT *HalpFindMadt(PHAL_MAP_REGISTERS MapRegisters)
{
    const ACPI_RSDP *Rsdp = HalpFindRsdp();
    const ACPI_HEADER *Rsdt;
    ULONG i;

    if (Rsdp == NULL) {
        return NULL;
    }
    Rsdt = HalpMapTable(MapRegisters, Rsdp->RsdtAddress, "RSDT");
    for (i = sizeof(ACPI_HEADER); Rsdt != NULL && i + 4 <= Rsdt->Length; i += 4) {
        ULONG Physical = *(const uint32_t *)((const UCHAR *)Rsdt + i);
        const ACPI_HEADER *Table = HalpMapTable(MapRegisters, Physical, "APIC");

        if (Table != NULL && Table->Length >= sizeof(ACPI_MADT)) {
            return (const ACPI_MADT *)Table;
        }
    }
    return NULL;
}

/* An enabled processor; those beyond the table are only counted. */
static void HalpReadProcessor(UCHAR ApicId, HALP_APIC_TABLE *Table)
{
    if (Table->ProcessorCount < HALP_PROCESSORS) {
        Table->ProcessorIds[Table->ProcessorCount] = ApicId;
    }
    Table->ProcessorCount++;
}

static void HalpReadMadtEntry(const ACPI_MADT_ENTRY *Entry, HALP_APIC_TABLE *Table)
{
    if (Entry->Type == MADT_LOCAL_APIC && Entry->Length >= 8) {
        if (Entry->LocalApic.Flags & LOCAL_APIC_ENABLED) {
            HalpReadProcessor(Entry->LocalApic.Id, Table);
        }
    } else if (Entry->Type == MADT_IO_APIC && Entry->Length >= 12 && Table->IoApic.Physical == 0) {
        Table->IoApic.Physical = Entry->IoApic.Address;
        Table->IoApic.FirstInput = Entry->IoApic.FirstInput;
    } else if (Entry->Type == MADT_OVERRIDE && Entry->Length >= 10 &&
               Entry->Override.Line < HALP_ISA_LINES) {
        HALP_ISA_LINE *Line = &Table->Lines[Entry->Override.Line];

        Line->Input = Entry->Override.Input;
        Line->Low = (Entry->Override.Flags & 3) == 3;
        Line->Level = (Entry->Override.Flags >> 2 & 3) == 3;
    }
}

BOOLEAN HalpFindApicTable(PHAL_MAP_REGISTERS MapRegisters, HALP_APIC_TABLE *Table)
{
    const ACPI_MADT *Madt = HalpFindMadt(MapRegisters);
    ULONG i;

    if (Madt == NULL) {
        return FALSE;
    }
    *Table = (HALP_APIC_TABLE){.LocalApic = Madt->LocalApic};
    for (i = 0; i < HALP_ISA_LINES; i++) {
        Table->Lines[i].Input = i;
    }
    for (i = sizeof(ACPI_MADT); i + 2 <= Madt->Header.Length;) {
        const ACPI_MADT_ENTRY *Entry = (const ACPI_MADT_ENTRY *)((const UCHAR *)Madt + i);

        if (Entry->Length < 2 || i + Entry->Length > Madt->Header.Length) {
            break;
        }
        HalpReadMadtEntry(Entry, Table);
        i += Entry->Length;
    }
    return Table->IoApic.Physical != 0;
}
