/* SPDX-License-Identifier: MIT */
/*
 * Just enough ACPI to find the interrupt controllers: RSDP, RSDT, MADT.
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

#define MADT_IO_APIC  1
#define MADT_OVERRIDE 2

typedef struct __attribute__((packed)) _ACPI_MADT_ENTRY {
    UCHAR Type;
    UCHAR Length;
    union {
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
    const UCHAR *bytes = Data;
    UCHAR sum = 0;
    ULONG i;

    for (i = 0; i < Length; i++) {
        sum += bytes[i];
    }
    return sum == 0;
}

static const ACPI_RSDP *HalpSearchRsdp(const UCHAR *Low, ULONG Start, ULONG End)
{
    ULONG address;

    for (address = Start; address + sizeof(ACPI_RSDP) <= End; address += 16) {
        const ACPI_RSDP *rsdp = (const ACPI_RSDP *)(Low + address);

        if (__builtin_memcmp(rsdp->Signature, "RSD PTR ", 8) == 0 &&
            HalpSumIsZero(rsdp, sizeof(ACPI_RSDP))) {
            return rsdp;
        }
    }
    return NULL;
}

/* In the first megabyte, which the direct map always holds. */
static const ACPI_RSDP *HalpFindRsdp(VOID)
{
    const UCHAR *low = (const UCHAR *)KERNEL_BASE;
    ULONG ebda = (ULONG)(*(const uint16_t *)(low + EBDA_POINTER)) << 4;
    const ACPI_RSDP *rsdp = NULL;

    if (ebda >= 0x80000 && ebda < 0xA0000) {
        ULONG end = ebda + EBDA_SEARCH_SIZE;

        rsdp = HalpSearchRsdp(low, ebda, end < 0xA0000 ? end : 0xA0000);
    }
    return rsdp != NULL ? rsdp : HalpSearchRsdp(low, RSDP_SEARCH_START, RSDP_SEARCH_END);
}

/* Maps the table at Physical if it has that signature and its sum is right. */
static const ACPI_HEADER *HalpMapTable(
    PHAL_MAP_REGISTERS MapRegisters, ULONG Physical, PCSTR Signature)
{
    const ACPI_HEADER *header = MapRegisters(Physical, sizeof(ACPI_HEADER));
    ULONG offset = Physical & 0xFFF;

    if (header == NULL || __builtin_memcmp(header->Signature, Signature, 4) != 0 ||
        header->Length < sizeof(ACPI_HEADER) || header->Length > TABLE_SIZE_LIMIT) {
        return NULL;
    }
    if (offset + header->Length > 0x1000) {
        header = MapRegisters(Physical, header->Length);
    }
    return header != NULL && HalpSumIsZero(header, header->Length) ? header : NULL;
}

static const ACPI_MADT *HalpFindMadt(PHAL_MAP_REGISTERS MapRegisters)
{
    const ACPI_RSDP *rsdp = HalpFindRsdp();
    const ACPI_HEADER *rsdt;
    ULONG i;

    if (rsdp == NULL) {
        return NULL;
    }
    rsdt = HalpMapTable(MapRegisters, rsdp->RsdtAddress, "RSDT");
    for (i = sizeof(ACPI_HEADER); rsdt != NULL && i + 4 <= rsdt->Length; i += 4) {
        ULONG physical = *(const uint32_t *)((const UCHAR *)rsdt + i);
        const ACPI_HEADER *table = HalpMapTable(MapRegisters, physical, "APIC");

        if (table != NULL && table->Length >= sizeof(ACPI_MADT)) {
            return (const ACPI_MADT *)table;
        }
    }
    return NULL;
}

static VOID HalpReadMadtEntry(const ACPI_MADT_ENTRY *Entry, HALP_APIC_TABLE *Table)
{
    if (Entry->Type == MADT_IO_APIC && Entry->Length >= 12 && Table->IoApic.Physical == 0) {
        Table->IoApic.Physical = Entry->IoApic.Address;
        Table->IoApic.FirstInput = Entry->IoApic.FirstInput;
    } else if (Entry->Type == MADT_OVERRIDE && Entry->Length >= 10 &&
               Entry->Override.Line < HALP_ISA_LINES) {
        HALP_ISA_LINE *line = &Table->Lines[Entry->Override.Line];

        line->Input = Entry->Override.Input;
        line->Low = (Entry->Override.Flags & 3) == 3;
        line->Level = (Entry->Override.Flags >> 2 & 3) == 3;
    }
}

BOOLEAN HalpFindApicTable(PHAL_MAP_REGISTERS MapRegisters, HALP_APIC_TABLE *Table)
{
    const ACPI_MADT *madt = HalpFindMadt(MapRegisters);
    ULONG i;

    if (madt == NULL) {
        return FALSE;
    }
    *Table = (HALP_APIC_TABLE){.LocalApic = madt->LocalApic};
    for (i = 0; i < HALP_ISA_LINES; i++) {
        Table->Lines[i].Input = i;
    }
    for (i = sizeof(ACPI_MADT); i + 2 <= madt->Header.Length;) {
        const ACPI_MADT_ENTRY *entry = (const ACPI_MADT_ENTRY *)((const UCHAR *)madt + i);

        if (entry->Length < 2 || i + entry->Length > madt->Header.Length) {
            break;
        }
        HalpReadMadtEntry(entry, Table);
        i += entry->Length;
    }
    return Table->IoApic.Physical != 0;
}
