/* SPDX-License-Identifier: MIT */
/*
 * What the processor can do, from CPUID, once at boot.  Emulators differ: v86
 * answers extended leaves that it does not have with nonsense, so each leaf is
 * read only when its range's maximum covers it.
 *
 * boot/entry.S has made sure that CPUID and PAE exist.
 */
#include "hal/halp.h"

ULONG HalCpuFeatures;
CHAR HalCpuVendor[13];

enum { RegisterEbx, RegisterEcx, RegisterEdx };

typedef struct _HALP_FEATURE {
    ULONG Bit;
    ULONG Leaf;
    UCHAR Register;
    UCHAR Position;
    CHAR Name[8];
} HALP_FEATURE;

static const HALP_FEATURE HalpFeatures[] = {
    {HAL_CPU_FPU, 1, RegisterEdx, 0, "fpu"},
    {HAL_CPU_PSE, 1, RegisterEdx, 3, "pse"},
    {HAL_CPU_TSC, 1, RegisterEdx, 4, "tsc"},
    {HAL_CPU_PAE, 1, RegisterEdx, 6, "pae"},
    {HAL_CPU_CX8, 1, RegisterEdx, 8, "cx8"},
    {HAL_CPU_APIC, 1, RegisterEdx, 9, "apic"},
    {HAL_CPU_SEP, 1, RegisterEdx, 11, "sep"},
    {HAL_CPU_PGE, 1, RegisterEdx, 13, "pge"},
    {HAL_CPU_CMOV, 1, RegisterEdx, 15, "cmov"},
    {HAL_CPU_PAT, 1, RegisterEdx, 16, "pat"},
    {HAL_CPU_FXSR, 1, RegisterEdx, 24, "fxsr"},
    {HAL_CPU_SSE, 1, RegisterEdx, 25, "sse"},
    {HAL_CPU_SSE2, 1, RegisterEdx, 26, "sse2"},
    {HAL_CPU_NX, 0x80000001, RegisterEdx, 20, "nx"},
    {HAL_CPU_SMEP, 7, RegisterEbx, 7, "smep"},
    {HAL_CPU_SMAP, 7, RegisterEbx, 20, "smap"},
    {HAL_CPU_UMIP, 7, RegisterEcx, 2, "umip"},
    {HAL_CPU_HYPERVISOR, 1, RegisterEcx, 31, "hv"},
};

static ULONG HalpCpuid(ULONG Leaf, ULONG Registers[3])
{
    ULONG Eax;

    __asm__ volatile("cpuid"
                     : "=a"(Eax), "=b"(Registers[RegisterEbx]), "=c"(Registers[RegisterEcx]),
                     "=d"(Registers[RegisterEdx])
                     : "a"(Leaf), "c"(0));
    return Eax;
}

static BOOLEAN HalpHasLeaf(ULONG Leaf)
{
    ULONG Registers[3];
    ULONG Range = Leaf & 0x80000000u;
    ULONG Maximum = HalpCpuid(Range, Registers);

    /* A maximum of another range means that this range does not exist. */
    return (Maximum & 0x80000000u) == Range && Maximum >= Leaf;
}

void HalInitializeProcessorFeatures(void)
{
    ULONG Registers[3];
    ULONG i;

    HalpCpuid(0, Registers);
    __builtin_memcpy(&HalCpuVendor[0], &Registers[RegisterEbx], 4);
    __builtin_memcpy(&HalCpuVendor[4], &Registers[RegisterEdx], 4);
    __builtin_memcpy(&HalCpuVendor[8], &Registers[RegisterEcx], 4);
    for (i = 0; i < ARRAYSIZE(HalpFeatures); i++) {
        const HALP_FEATURE *Feature = &HalpFeatures[i];

        if (HalpHasLeaf(Feature->Leaf)) {
            HalpCpuid(Feature->Leaf, Registers);
            if (Registers[Feature->Register] >> Feature->Position & 1) {
                HalCpuFeatures |= Feature->Bit;
            }
        }
    }
}

void HalDescribeCpuFeatures(PSTR Buffer, SIZE_T Size)
{
    SIZE_T Used = 0;
    ULONG i;

    for (i = 0; i < ARRAYSIZE(HalpFeatures) && Size != 0; i++) {
        const CHAR *Name = HalpFeatures[i].Name;

        if (!(HalCpuFeatures & HalpFeatures[i].Bit)) {
            continue;
        }
        if (Used != 0 && Used + 1 < Size) {
            Buffer[Used++] = ' ';
        }
        while (*Name != 0 && Used + 1 < Size) {
            Buffer[Used++] = *Name++;
        }
    }
    if (Size != 0) {
        Buffer[Used] = 0;
    }
}
